/* An element of the page; its text is set as text, never as markup. Stands before every component's own script. */
const make = (tag, className, text) => {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined && text !== null) made.textContent = text;
  return made;
};
