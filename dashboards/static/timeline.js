/* The line of every zone through its stages, a row each, against its last day. All text is set as text. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".timeline");
  root.setAttribute("aria-label", data.label);
  root.setAttribute("role", "region");
  const at = (element, left, width) => {
    element.style.left = left + "%";
    if (width !== undefined) element.style.width = width + "%";
    return element;
  };
  const scroller = make("div", "scroller");
  const scale = make("div", "row scale");
  scale.append(make("div", "name", ""));
  const marks = make("div", "track");
  /* Beside today there is no room for another day. */
  const room = window.matchMedia("(max-width: 640px)").matches ? 13 : 4;
  data.ticks.filter((tick) => Math.abs(tick.left - data.today) > room).forEach((tick) => {
    const label = at(make("span", "tick", tick.label), tick.left);
    /* At the ends it stands within the line, which would have to be moved sideways for it otherwise. */
    if (tick.left < 5 || tick.left > 95) label.style.transform = tick.left < 5 ? "none" : "translateX(-100%)";
    marks.append(label);
  });
  marks.append(at(make("span", "tick now", data.now), data.today));
  scale.append(marks);
  scroller.append(scale);
  data.groups.forEach((group) => {
    scroller.append(make("h4", "", group.title));
    group.rows.forEach((one) => {
      const row = make("button", "row" + (one.key === data.selected ? " chosen" : ""));
      row.type = "button";
      row.setAttribute("aria-label", [one.name, one.stage, one.full].join(" · "));
      row.title = one.full;
      row.onclick = () => { root.dataset.picked = one.key; setTriggerValue("picked", one.key); };
      const name = make("div", "name");
      name.append(make("b", "", one.name), make("small", one.tone, one.said));
      const track = make("div", "track");
      data.ticks.forEach((tick) => track.append(at(make("i", "grid"), tick.left)));
      one.bars.forEach((bar) => {
        const made = at(make("span", "bar " + bar.kind), bar.left, bar.width);
        made.style.setProperty("--colour", bar.colour);
        made.title = bar.title;
        track.append(made);
      });
      if (one.due !== null) {
        const due = at(make("span", "due", "◆"), one.due);
        due.title = one.due_title;
        track.append(due);
      }
      track.append(at(make("span", "today"), data.today));
      row.append(name, track);
      scroller.append(row);
    });
  });
  const legend = make("div", "legend");
  data.legend.forEach((entry) => {
    const one = make("span", "");
    const swatch = make("i", entry.kind);
    swatch.style.setProperty("--colour", entry.colour);
    one.append(swatch, document.createTextNode(entry.label));
    legend.append(one);
  });
  root.replaceChildren(legend, scroller);
  /* A row picked here opens the zone's sheet far above: go there, or on a phone it would seem that nothing happened. */
  if (root.dataset.picked && root.dataset.picked === data.selected) {
    delete root.dataset.picked;
    const sheet = document.querySelector(data.sheet);
    if (sheet) sheet.scrollIntoView({ block: "start" });
  }
}
