/* The flow, the cards and the work list of the agriculture bureau. Text arrives as data and is only ever set as text. */
/* Stages from found to in use: each a bar of what passed, the darker end of it what stands there now. */
function flow(root, data, tell) {
  const list = make("ol", "flow");
  list.setAttribute("aria-label", data.label);
  data.steps.forEach((step) => {
    const item = make("li", step.aside ? "aside" : "");
    const button = make("button", step.key === data.selected ? "step selected" : "step");
    button.type = "button";
    button.dataset.key = step.key;
    button.setAttribute("aria-label", [step.label, step.passed, data.unit, step.standing, step.wait, step.over].filter(Boolean).join("，"));
    const head = make("span", "head");
    head.append(make("b", "", step.label));
    const passed = make("span", "passed", step.passed);
    passed.append(make("small", "", data.unit), make("small", "things", step.things));
    head.append(passed);
    const track = make("span", "track");
    const went = make("i", "went");
    went.style.width = (step.share * 100).toFixed(2) + "%";
    went.style.background = step.colour;
    const stands = make("i", "stands");
    stands.style.width = (step.stands * 100).toFixed(2) + "%";
    stands.style.left = (Math.max(0, step.share - step.stands) * 100).toFixed(2) + "%";
    track.append(went, stands);
    const below = make("span", "below");
    below.append(make("span", "", step.standing));
    if (step.wait) below.append(make("span", "wait", step.wait));
    if (step.over) below.append(make("span", "over", step.over));
    button.append(head, track, below);
    button.onclick = () => tell("picked", step.key);
    item.append(button);
    list.append(item);
  });
  root.append(list);
}

function cards(root, data, tell) {
  const grid = make("div", "grid");
  grid.setAttribute("role", "group");
  grid.setAttribute("aria-label", data.label);
  data.cards.forEach((card) => {
    const made = make("button", "card " + (card.tone || "") + (card.key === data.selected ? " selected" : ""));
    made.type = "button";
    made.dataset.key = card.key;
    made.append(make("span", "label", card.label), make("span", "value", card.value), make("span", "below", card.below));
    made.onclick = () => tell("picked", card.key);
    grid.append(made);
  });
  root.append(grid);
}

/* The work list. A choice is told a moment after the last click, with everything chosen since on this page. */
function list(root, data, tell) {
  const chosen = new Set(data.chosen);
  /* What was ticked and not yet told outlives a drawing anew. */
  const pending = root.pending || (root.pending = { changed: new Map(), waiting: 0 });
  pending.changed.forEach((on, id) => { if (on) chosen.add(id); else chosen.delete(id); });
  let last = -1;
  const boxes = [];
  const table = make("table");
  table.setAttribute("aria-label", data.label);
  const head = make("tr");
  const all = make("input");
  all.type = "checkbox";
  all.setAttribute("aria-label", data.words.all);
  const first = make("th", "box");
  if (data.may) {
    const whole = make("label", "whole");
    whole.append(all, make("span", "", data.words.all));
    first.append(whole);
  }
  head.append(first);
  data.heads.forEach((one) => {
    const cell = make("th", "h-" + one.name);
    cell.scope = "col";
    if (one.order) {
      const button = make("button", "sort", one.label);
      button.type = "button";
      const on = one.order === data.order;
      if (on) {
        button.append(make("span", "arrow", data.falling ? " ↓" : " ↑"));
        cell.setAttribute("aria-sort", data.falling ? "descending" : "ascending");
      }
      button.dataset.order = one.order;
      button.onclick = () => tell("sorted", (on && !data.falling ? "-" : "") + one.order);
      cell.append(button);
    } else cell.textContent = one.label;
    head.append(cell);
  });
  const top = make("thead");
  top.append(head);
  const body = make("tbody");

  const told = () => {
    window.clearTimeout(pending.waiting);
    const state = [...pending.changed];
    pending.changed.clear();
    if (state.length) tell("marked", JSON.stringify(state));
  };
  const mark = (at, on) => {
    const id = data.rows[at].id;
    boxes[at].checked = on;
    boxes[at].closest("tr").classList.toggle("on", on);
    if (on) chosen.add(id); else chosen.delete(id);
    pending.changed.set(id, on);
    all.checked = data.rows.every((row) => chosen.has(row.id));
    window.clearTimeout(pending.waiting);
    pending.waiting = window.setTimeout(told, 450);
  };
  all.checked = data.rows.length > 0 && data.rows.every((row) => chosen.has(row.id));
  all.onchange = () => { const on = all.checked; data.rows.forEach((_, at) => mark(at, on)); };

  data.rows.forEach((row, at) => {
    const line = make("tr", (chosen.has(row.id) ? "on " : "") + (row.id === data.open ? "open" : ""));
    line.dataset.key = row.id;
    line.tabIndex = 0;
    line.setAttribute("aria-label", [row.id, row.place, row.stage, row.mu, row.due].join(" "));
    const cell = make("td", "box");
    const box = make("input");
    box.type = "checkbox";
    box.tabIndex = -1;
    box.checked = chosen.has(row.id);
    box.setAttribute("aria-label", data.words.choose + " " + row.id);
    box.onclick = (event) => {
      event.stopPropagation();
      if (event.shiftKey && last >= 0) {
        const [from, to] = last < at ? [last, at] : [at, last];
        for (let k = from; k <= to; k += 1) mark(k, box.checked);
      } else mark(at, box.checked);
      last = at;
    };
    if (data.may) cell.append(box);
    boxes.push(box);
    const id = make("td", "c-id");
    id.append(make("b", "", row.id), make("span", "place", row.place));
    if (row.marks.length) {
      const marks = make("span", "marks");
      row.marks.forEach((text) => marks.append(make("em", "", text)));
      id.append(marks);
    }
    const stage = make("td", "c-stage");
    if (row.colour) stage.append(make("i", "swatch"));
    if (row.colour) stage.lastChild.style.background = row.colour;
    stage.append(make("span", "", row.stage));
    const mu = make("td", "c-mu number", row.mu);
    mu.dataset.unit = data.words.mu;
    const days = make("td", "c-days number", row.days);
    days.dataset.before = data.words.days_before;
    days.dataset.unit = data.words.days;
    const due = make("td", row.late ? "c-due late" : "c-due", row.due);
    due.dataset.before = data.words.due;
    line.append(cell, id, stage, mu);
    if (data.heads.some((one) => one.name === "days")) line.append(days);
    line.append(due, make("td", "c-how", row.how), make("td", "c-who", row.who));
    const open = () => { told(); tell("picked", row.id); };
    line.onclick = open;
    line.onkeydown = (event) => {
      if (event.key === "Enter") { event.preventDefault(); open(); }
      if (event.key === " " && data.may) { event.preventDefault(); mark(at, !box.checked); last = at; }
      if (event.key === "ArrowDown" && line.nextElementSibling) {
        event.preventDefault(); line.nextElementSibling.focus();
        if (event.shiftKey && data.may) { mark(at, true); mark(at + 1, true); }
      }
      if (event.key === "ArrowUp" && line.previousElementSibling) {
        event.preventDefault(); line.previousElementSibling.focus();
        if (event.shiftKey && data.may) { mark(at, true); mark(at - 1, true); }
      }
      if (event.key.toLowerCase() === "a" && (event.ctrlKey || event.metaKey) && data.may) {
        event.preventDefault(); data.rows.forEach((_, k) => mark(k, true));
      }
    };
    body.append(line);
  });
  table.append(top, body);
  const scroller = make("div", "scroller");
  scroller.append(table);
  root.append(scroller);
}

const PARTS = { flow, cards, list };

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".agriculture");
  /* Drawn anew, it stays where it was: the same row in focus, as far down as before. */
  const active = root.getRootNode().activeElement;
  const line = active && root.contains(active) ? active.closest("[data-key]") : null;
  const before = root.querySelector(".scroller");
  const down = before && data.page === root.dataset.page ? before.scrollTop : 0;
  root.replaceChildren();
  PARTS[data.part](root, data, setTriggerValue);
  root.dataset.page = data.page || "";
  const after = root.querySelector(".scroller");
  if (after) after.scrollTop = down;
  if (line) {
    const again = [...root.querySelectorAll("[data-key]")].find((one) => one.dataset.key === line.dataset.key);
    if (again) again.focus({ preventScroll: true });
  }
}
