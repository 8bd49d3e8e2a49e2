/* The search box of the head: asks while one types, lists what was found; keyboard: / goes to it, arrows and Enter pick. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".find");
  let box = root.querySelector("input");
  if (!box) {
    box = make("input", "");
    box.type = "search";
    box.autocomplete = "off";
    box.setAttribute("role", "combobox");
    box.setAttribute("aria-autocomplete", "list");
    root.append(box, make("ul", "list"));
  }
  const list = root.querySelector("ul");
  box.placeholder = data.hint;
  box.setAttribute("aria-label", data.hint);
  let at = -1;
  const close = () => { list.replaceChildren(); list.hidden = true; box.setAttribute("aria-expanded", "false"); };
  const pick = (index) => { box.value = ""; root.xtAsked = ""; close(); box.blur(); setTriggerValue("picked", index); };
  const mark = (index) => {
    at = index;
    [...list.children].forEach((line, k) => line.setAttribute("aria-selected", String(k === at)));
    if (list.children[at]) list.children[at].scrollIntoView({ block: "nearest" });
  };
  const show = () => {
    list.replaceChildren();
    list.setAttribute("role", "listbox");
    data.hits.forEach((hit, index) => {
      const line = make("li", "hit");
      line.setAttribute("role", "option");
      line.append(make("b", "", hit.title), make("small", "", [hit.kind, hit.said].filter(Boolean).join(" · ")));
      line.onmousedown = (event) => { event.preventDefault(); pick(index); };
      list.append(line);
    });
    if (!data.hits.length) list.append(make("li", "nothing", data.nothing));
    list.hidden = false;
    box.setAttribute("aria-expanded", "true");
    mark(data.hits.length ? 0 : -1);
  };
  const ask = () => {
    const text = box.value.trim();
    if (text === root.xtAsked) return;
    root.xtAsked = text;
    if (!text) { close(); return; }
    setTriggerValue("asked", text);
  };
  box.oninput = () => { window.clearTimeout(root.xtTimer); root.xtTimer = window.setTimeout(ask, 250); };
  box.onkeydown = (event) => {
    const count = data.hits.length;
    if (event.key === "ArrowDown" && count) { event.preventDefault(); mark((at + 1) % count); }
    if (event.key === "ArrowUp" && count) { event.preventDefault(); mark((at + count - 1) % count); }
    if (event.key === "Enter") {
      if (at >= 0 && !list.hidden && box.value.trim() === data.text) pick(at); else { window.clearTimeout(root.xtTimer); ask(); }
    }
    if (event.key === "Escape") { box.value = ""; root.xtAsked = ""; close(); }
    event.stopPropagation();
  };
  box.onblur = () => window.setTimeout(close, 150);
  box.onfocus = () => { if (box.value.trim() && box.value.trim() === data.text) show(); };
  const slash = (event) => {
    const held = event.target;
    const typing = held instanceof HTMLElement && (held.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(held.tagName));
    const inside = event.composedPath()[0];
    const deep = inside instanceof HTMLElement && /^(INPUT|TEXTAREA|SELECT)$/.test(inside.tagName) && inside.type !== "range";
    if (event.key === "/" && !typing && !deep && !event.ctrlKey && !event.metaKey) { event.preventDefault(); box.focus(); }
  };
  document.addEventListener("keydown", slash);
  const focused = root.getRootNode().activeElement === box;
  if (data.text && box.value.trim() === data.text && focused) show(); else close();
  return () => document.removeEventListener("keydown", slash);
}
