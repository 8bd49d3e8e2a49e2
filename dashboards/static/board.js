/* The table beside the map. Everything is set as text; a picked row is told to the page by its key. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".board");
  const filter = root.dataset.filter || "";
  root.replaceChildren();

  const scroller = make("div", "scroller");
  const table = make("table");
  table.setAttribute("aria-label", data.label);
  if (!data.bars && data.words_at.length) table.className = "listing";
  const head = make("thead");
  const line = make("tr");
  data.headings.forEach((text, at) => {
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
  const stack = (row) => {
    const cell = make("td", "parts");
    const total = row.parts.reduce((sum, one) => sum + one, 0);
    if (!total) return cell;
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
    cell.append(bar);
    return cell;
  };
  const body = make("tbody");
  const rows = data.rows.map((row) => {
    const made = make("tr", "");
    made.dataset.key = row.key;
    if (row.key) made.tabIndex = 0;
    else made.classList.add(row.colour ? "still" : "plain");
    made.setAttribute("aria-label", [row.rank, row.name, ...row.cells].join(" "));
    made.append(make("td", "rank", row.rank));
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
    made.append(name);
    row.cells.forEach((text, at) => {
      const word = data.words_at.includes(at + 2);
      const cell = make("td", word ? "word" : "number");
      if (at === 0 && data.bars) {
        const bar = make("i", row.share > 0 ? "bar" : "bar none");
        bar.style.width = (row.share * 100).toFixed(1) + "%";
        bar.style.background = row.colour;
        const wrap = make("div", "barred");
        wrap.append(make("span", "", text), bar);
        cell.append(wrap);
      } else cell.textContent = text;
      made.append(cell);
    });
    if (data.parts.length) made.append(stack(row));
    const pick = () => row.key && setTriggerValue("picked", row.key);
    made.onclick = pick;
    made.onkeydown = (event) => {
      if (event.key === "Enter" || event.key === " ") { event.preventDefault(); pick(); }
      if (event.key === "ArrowDown" && made.nextElementSibling) { event.preventDefault(); made.nextElementSibling.focus(); }
      if (event.key === "ArrowUp" && made.previousElementSibling) { event.preventDefault(); made.previousElementSibling.focus(); }
    };
    body.append(made);
    return made;
  });
  table.append(head, body);
  if (data.total.length) {
    const foot = make("tfoot");
    const sum = make("tr");
    sum.append(make("td", "rank", ""), make("td", "name", data.total_label));
    data.total.forEach((text) => sum.append(make("td", "number", text)));
    if (data.parts.length) sum.append(make("td", "parts"));
    foot.append(sum);
    table.append(foot);
  }
  scroller.append(table);

  if (data.rows.length > 40) {
    const find = make("input", "find");
    find.type = "search";
    find.placeholder = data.find;
    find.setAttribute("aria-label", data.find);
    find.value = filter;
    const apply = () => {
      const wanted = find.value.trim().toLowerCase();
      root.dataset.filter = find.value;
      rows.forEach((row, at) => { row.hidden = wanted !== "" && !data.rows[at].name.toLowerCase().includes(wanted); });
    };
    find.oninput = apply;
    root.append(find);
    if (filter) apply();
  }
  root.append(scroller);
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
}
