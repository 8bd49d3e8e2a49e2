/* The first stop of the keyboard: past the head of the page, to what it shows. */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".skip");
  const button = make("button", "", data.label);
  button.type = "button";
  button.addEventListener("click", () => {
    const head = document.querySelector(".st-key-top");
    const after = head && (head.closest("[data-testid=stLayoutWrapper]") || head).nextElementSibling;
    if (!after) return;
    after.tabIndex = -1;
    after.style.outline = "none";
    after.focus();
    after.scrollIntoView({ block: "start" });
  });
  root.replaceChildren(button);
}
