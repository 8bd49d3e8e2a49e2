/* An area on one page: sections of lines, and photos before and after. All text is set as text. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".profile");
  root.replaceChildren();
  const photos = make("section", "photos");
  photos.append(make("h3", "", data.photos_title));
  if (!data.photos.length) photos.append(make("p", "none", data.photos_none));
  const strip = make("div", "strip");
  data.photos.forEach((pair) => {
    const figure = make("figure");
    const sides = make("div", "sides");
    pair.sides.forEach((side) => {
      const link = make("a");
      link.href = side.view;
      link.target = "_blank";
      link.rel = "noopener";
      const image = make("img");
      image.src = side.thumb;
      image.alt = pair.thing + " " + side.said;
      image.loading = "lazy";
      link.append(image, make("span", "", side.said));
      sides.append(link);
    });
    const to = make("button", "to", pair.thing);
    to.type = "button";
    to.onclick = () => setTriggerValue("thing", pair.thing);
    figure.append(sides, to);
    strip.append(figure);
  });
  if (data.photos.length) photos.append(strip);
  const grid = make("div", "grid");
  data.sections.forEach((section) => {
    const box = make("section");
    box.append(make("h3", "", section.title));
    if (!section.lines.length) box.append(make("p", "none", section.none));
    const list = make("ol");
    section.lines.forEach((line) => {
      const item = make("li");
      const leads = line.key && section.kind;
      const row = make(leads ? "button" : "div", "line");
      if (leads) {
        row.type = "button";
        row.onclick = () => setTriggerValue(section.kind, line.key);
      }
      row.append(make("span", "name", line.name), make("span", "value", line.value));
      item.append(row);
      list.append(item);
    });
    if (section.lines.length) box.append(list);
    grid.append(box);
  });
  root.append(grid, photos);
}
