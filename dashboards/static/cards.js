/* The figures of an area; picking one colours the map by it. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".cards");
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
    value.textContent = card.value;
    const unit = document.createElement("small");
    unit.textContent = card.unit;
    value.append(unit);
    made.append(label, value);
    made.onclick = () => setTriggerValue("picked", card.id);
    root.append(made);
  });
  const chosen = root.querySelector(".selected");
  if (chosen) root.scrollLeft = Math.max(0, chosen.offsetLeft + chosen.offsetWidth + 24 - root.clientWidth);
}
