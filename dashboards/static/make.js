/* An element of the page; its text is set as text, never as markup. Stands before every component's own script. */
const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
};

/* Water, roads and what else lies below a map; a map whose ground does not come is drawn without it. */
const lay = (map, spec) => {
  if (!spec) return;
  import(new URL("/assets/own/ground.js", window.location.origin).href)
    .then(() => window.xiangtuGround.add(map, spec)).catch(() => {});
};
