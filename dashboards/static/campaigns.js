/* The campaigns at a glance: figure, twelve months, light, pace and what is overdue. All text is set as text. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".campaigns");
  root.replaceChildren();
  root.setAttribute("role", "group");
  root.setAttribute("aria-label", data.label);
  const svg = (tag, attributes) => {
    const made = document.createElementNS("http://www.w3.org/2000/svg", tag);
    Object.entries(attributes).forEach(([name, value]) => made.setAttribute(name, value));
    return made;
  };
  const WIDE = 112, HIGH = 30;

  /* Shapes differ as well as colours: a disc, a triangle, a square, a ring. */
  const lights = {
    green: () => svg("circle", { cx: 6, cy: 6, r: 5 }),
    amber: () => svg("path", { d: "M6 .8 11.6 11H.4z" }),
    red: () => svg("rect", { x: 1, y: 1, width: 10, height: 10, rx: 1 }),
    none: () => svg("circle", { cx: 6, cy: 6, r: 4.2, class: "ring" }),
  };
  const light = (kind) => {
    const drawn = svg("svg", { viewBox: "0 0 12 12", class: "light " + kind, "aria-hidden": "true" });
    drawn.append(lights[kind]());
    return drawn;
  };

  const spark = (card) => {
    const known = card.values.filter((value) => value !== null);
    const drawn = svg("svg", { viewBox: `0 0 ${WIDE} ${HIGH}`, class: "spark", role: "img", "aria-label": card.spark });
    if (known.length < 2) return drawn;
    let low = Math.min(...known), high = Math.max(...known);
    if (card.target !== null) { low = Math.min(low, card.target); high = Math.max(high, card.target); }
    if (high === low) { high += 1; low -= 1; }
    const x = (at) => 3 + (at * (WIDE - 6)) / (card.values.length - 1);
    const y = (value) => HIGH - 4 - ((value - low) * (HIGH - 8)) / (high - low);
    if (card.target !== null)
      drawn.append(svg("line", { x1: 0, x2: WIDE, y1: y(card.target), y2: y(card.target), class: "goal" }));
    let line = "", open = false;
    card.values.forEach((value, at) => {
      if (value === null) { open = false; return; }
      line += (open ? "L" : "M") + x(at).toFixed(1) + " " + y(value).toFixed(1);
      open = true;
    });
    drawn.append(svg("path", { d: line, class: "line" }));
    const last = card.values.length - 1;
    if (card.values[last] !== null) drawn.append(svg("circle", { cx: x(last), cy: y(card.values[last]), r: 2.6, class: "dot" }));
    const title = svg("title", {});
    title.textContent = card.spark;
    drawn.prepend(title);
    return drawn;
  };

  data.cards.forEach((card) => {
    const box = make("div", "campaign" + (card.id === data.selected ? " selected" : ""));
    box.dataset.key = card.id;
    const pick = make("button", "pick");
    pick.type = "button";
    pick.setAttribute("aria-pressed", String(card.id === data.selected));
    pick.onclick = () => setTriggerValue("picked", card.id);
    pick.append(make("span", "topic", card.topic));
    if (card.empty) {
      pick.append(make("span", "none", card.empty));
      box.append(pick);
      root.append(box);
      return;
    }
    const row = make("span", "row");
    const figure = make("span", "figure");
    const value = make("span", "value", card.value);
    value.append(make("small", "", card.unit));
    figure.append(value, make("span", "what", card.what));
    row.append(figure, spark(card));
    const state = make("span", "state");
    state.append(light(card.light), make("b", "", card.verdict), make("span", "", card.said));
    pick.append(row, state);
    box.append(pick);
    if (card.alarm) {
      const alarm = make("button", "alarm" + (card.alarmed ? " on" : ""), card.alarm);
      alarm.type = "button";
      alarm.disabled = !card.alarmed;
      alarm.onclick = () => setTriggerValue("rows", card.id + "/" + card.alarm_id);
      box.append(alarm);
    }
    root.append(box);
  });
}
