/* Prints the page that is open, as it stands. */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".paper");
  const button = document.createElement("button");
  button.type = "button";
  button.textContent = data.label;
  button.addEventListener("click", () => window.print());
  root.replaceChildren(button);
}
