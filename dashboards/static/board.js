/* The table beside the map. Everything is set as text; a picked row is told to the page by its key. While the months
   are played it shows the rows of the month that the map shows. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".board");
  const filter = root.dataset.filter || "";
  /* Drawn anew it hears no more what the drawing before was told. */
  if (root.xtEnd) root.xtEnd();
  root.replaceChildren();

  const scroller = make("div", "scroller");
  const table = make("table");
  table.setAttribute("aria-label", data.label);
  if (!data.bars && data.words_at.length) table.className = "listing";
  scroller.append(table);

  const headOf = (headings) => {
    const head = make("thead");
    const line = make("tr");
    headings.forEach((text, at) => {
      const cell = make("th", at === 0 ? "rank" : at === 1 ? "name" : data.words_at.includes(at) ? "word" : "number", text);
      cell.scope = "col";
      line.append(cell);
    });
    if (data.parts.length) {
      const cell = make("th", "parts", data.parts_heading);
      cell.scope = "col";
      line.append(cell);
    }
    head.append(line);
    return head;
  };
  const stack = (row) => {
    const total = row.parts.reduce((sum, one) => sum + one, 0);
    if (!total) return null;
    const bar = make("div", "stack");
    const said = [];
    row.parts.forEach((count, at) => {
      if (!count) return;
      const part = data.parts[at];
      const made = make("i", part.id);
      made.style.width = ((count * 100) / total).toFixed(2) + "%";
      made.style.background = part.colour;
      said.push(part.label + " " + count);
      bar.append(made);
    });
    bar.title = said.join(" · ");
    bar.setAttribute("role", "img");
    bar.setAttribute("aria-label", bar.title);
    return bar;
  };
  /* On a phone the parts stand below the name, where there is room for them. */
  const partsOf = (row, made, name) => {
    const cell = make("td", "parts");
    const bar = stack(row);
    if (bar) {
      const below = bar.cloneNode(true);
      below.classList.add("below");
      name.append(below);
      cell.append(bar);
    }
    made.append(cell);
  };
  const nameOf = (row) => {
    const name = make("td", "name");
    const swatch = make("i", "swatch");
    swatch.style.background = row.colour;
    if (row.colour) name.append(swatch);
    name.append(make("span", "", row.name));
    if (row.small) {
      const mark = make("abbr", "small", "\u2060*");
      mark.title = data.small;
      name.lastChild.append(mark);
    }
    return name;
  };
  const cellOf = (row, text, at) => {
    const cell = make("td", data.words_at.includes(at + 2) ? "word" : "number");
    if (at !== 0 || !data.bars) {
      cell.textContent = text;
      return cell;
    }
    const bar = make("i", row.share > 0 ? "bar" : "bar none");
    bar.style.width = (row.share * 100).toFixed(1) + "%";
    bar.style.background = row.colour;
    const wrap = make("div", "barred");
    wrap.append(make("span", "", text), bar);
    cell.append(wrap);
    return cell;
  };
  const lineOf = (row) => {
    const made = make("tr", "");
    made.dataset.key = row.key;
    if (row.key) made.tabIndex = 0;
    else made.classList.add(row.colour ? "still" : "plain");
    made.setAttribute("aria-label", [row.rank, row.name, ...row.cells].join(" "));
    const name = nameOf(row);
    made.append(make("td", "rank", row.rank), name);
    row.cells.forEach((text, at) => made.append(cellOf(row, text, at)));
    if (data.parts.length) partsOf(row, made, name);
    const pick = () => row.key && setTriggerValue("picked", row.key);
    made.onclick = pick;
    made.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); }
      if (event.key === "ArrowDown" && made.nextElementSibling) { event.preventDefault(); made.nextElementSibling.focus(); }
      if (event.key === "ArrowUp" && made.previousElementSibling) { event.preventDefault(); made.previousElementSibling.focus(); }
    };
    return made;
  };
  const footOf = (total) => {
    const foot = make("tfoot");
    const sum = make("tr");
    sum.append(make("td", "rank", ""), make("td", "name", data.total_label));
    total.forEach((text) => sum.append(make("td", "number", text)));
    if (data.parts.length) sum.append(make("td", "parts"));
    foot.append(sum);
    return foot;
  };

  let lines = [];
  const draw = (shown) => {
    const body = make("tbody");
    lines = shown.rows.map(lineOf);
    body.append(...lines);
    table.replaceChildren(headOf(shown.headings), body, ...(shown.total.length ? [footOf(shown.total)] : []));
  };
  draw(data);

  if (data.rows.length > 40) {
    const find = make("input", "find");
    find.type = "search";
    find.placeholder = data.find;
    find.setAttribute("aria-label", data.find);
    find.value = filter;
    const apply = () => {
      const wanted = find.value.trim().toLowerCase();
      root.dataset.filter = find.value;
      lines.forEach((row) => {
        const name = row.querySelector(".name").textContent;
        row.hidden = wanted !== "" && !name.toLowerCase().includes(wanted);
      });
    };
    find.oninput = apply;
    root.append(find);
    if (filter) apply();
  }
  const day = make("p", "day", data.made);
  if (data.made) root.append(day);

  /* What lies to the right is named above the table, and a touch on it leads there. */
  const more = make("button", "more", "");
  more.type = "button";
  more.onclick = () => scroller.scrollBy({ left: scroller.clientWidth * 0.6, behavior: "smooth" });
  const frame = make("div", "frame");
  frame.append(scroller);
  root.append(more, frame);
  const sideways = () => {
    const edge = scroller.getBoundingClientRect().right;
    const beyond = [...table.querySelectorAll("thead th")].filter((one) => one.getBoundingClientRect().right > edge + 4);
    const names = beyond.map((one) => one.textContent).filter(Boolean);
    more.hidden = scroller.scrollWidth <= scroller.clientWidth + 1;
    frame.classList.toggle("right", !more.hidden && beyond.length > 0);
    more.style.visibility = beyond.length ? "visible" : "hidden";
    if (beyond.length) more.textContent = data.more_columns.replace("{names}", names.join(data.between)) + " \u203a";
    table.classList.toggle("slid", scroller.scrollLeft > 2);
  };
  scroller.onscroll = sideways;
  const watch = new ResizeObserver(sideways);
  watch.observe(scroller);
  watch.observe(table);

  if (data.parts.length) {
    const legend = make("div", "legend");
    data.parts.forEach((part) => {
      const made = make("button", "");
      made.type = "button";
      made.disabled = part.count === "0";
      const swatch = make("i", "swatch");
      swatch.style.background = part.colour;
      made.append(swatch, make("span", "", part.label), make("b", "", part.count));
      made.onclick = () => setTriggerValue("part", part.id);
      legend.append(made);
    });
    root.append(legend);
  }
  const notes = make("ul", "notes");
  data.notes.forEach((text) => notes.append(make("li", "", text)));
  root.append(notes);

  /* Another month: its rows and its day; how its things were made up is not counted for it. */
  const heard = (event) => {
    const month = event.detail;
    root.classList.toggle("then", Boolean(month));
    day.textContent = month ? month.made : data.made;
    if (!month) { draw(data); return; }
    const names = ["key", "name", "rank", "cells", "colour", "share", "small"];
    const rows = month.rows.map((row) => ({ parts: [], ...Object.fromEntries(names.map((name, at) => [name, row[at]])) }));
    draw({ headings: month.headings, rows, total: month.total });
  };
  root.classList.remove("then");
  if (data.made) document.addEventListener("xiangtu-month", heard);
  root.xtEnd = () => { document.removeEventListener("xiangtu-month", heard); watch.disconnect(); };
  return root.xtEnd;
}
