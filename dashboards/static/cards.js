/* The figures of an area; picking one colours the map by it. While months are played they are those of the month. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cards");
  /* Drawn anew it hears no more what the drawing before was told. */
  if (root.xtEnd) root.xtEnd();
  root.replaceChildren();
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.label);
  data.cards.forEach((card) => {
    const made = document.createElement("button");
    made.type = "button";
    made.className = card.id === data.selected ? "card selected" : "card";
    made.dataset.key = card.id;
    made.setAttribute("aria-pressed", String(card.id === data.selected));
    const label = document.createElement("span");
    label.className = "label";
    label.textContent = card.label;
    const value = document.createElement("span");
    value.className = "value";
    value.append(document.createTextNode(card.value));
    const unit = document.createElement("small");
    unit.textContent = card.unit;
    value.append(unit);
    made.append(label, value);
    made.onclick = () => setTriggerValue("picked", card.id);
    root.append(made);
  });
  /* What does not go into one row stands in rows of the same length, so that none is left alone in the last. */
  const rows = () => {
    root.classList.remove("rows");
    if (window.matchMedia("(max-width: 640px)").matches) return;
    root.classList.add("natural");
    const wide = [...root.children].map((one) => one.getBoundingClientRect().width), gap = 8;
    root.classList.remove("natural");
    const room = root.clientWidth - 4 + gap, most = Math.max(...wide) + gap;
    if (wide.reduce((sum, one) => sum + one + gap, 0) <= room) return;
    const high = Math.ceil(wide.length / Math.max(1, Math.floor(room / most)));
    root.style.setProperty("--columns", Math.ceil(wide.length / high));
    root.classList.add("rows");
  };
  const chosen = root.querySelector(".selected");
  if (chosen) root.scrollLeft = Math.max(0, chosen.offsetLeft + chosen.offsetWidth + 24 - root.clientWidth);
  const sideways = () => root.classList.toggle("right", root.scrollLeft + root.clientWidth < root.scrollWidth - 4);
  root.onscroll = sideways;
  let width = 0;
  const watch = new ResizeObserver(() => {
    if (root.clientWidth !== width) rows();
    width = root.clientWidth;
    sideways();
  });
  watch.observe(root);
  const heard = (event) => {
    const month = event.detail;
    if (month && !month.figures.length) return;
    root.querySelectorAll(".value").forEach((value, at) => {
      value.firstChild.data = month ? month.figures[at] : data.cards[at].value;
    });
  };
  document.addEventListener("xiangtu-month", heard);
  root.xtEnd = () => { document.removeEventListener("xiangtu-month", heard); watch.disconnect(); };
  return root.xtEnd;
}
