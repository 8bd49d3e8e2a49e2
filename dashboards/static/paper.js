/* Prints the page that is open, as it stands. */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".paper");
  const button = make("button", "", data.label);
  button.type = "button";
  button.addEventListener("click", () => window.print());
  root.replaceChildren(button);
}
