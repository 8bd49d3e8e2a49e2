/* The first stop of the keyboard: past the head of the page, to what it shows. */
/* Words that come with the parts we are made of speak English alone, to who listens to a page as well. */
const FOREIGN = [
  ["button[aria-label=Open]", "aria-label", "open"],
  ["input[placeholder='Choose an option']", "placeholder", "choose"],
  ["iframe[title^=streamlit_folium]", "title", "map"],
];

function spoken(words) {
  document.documentElement.lang = words.lang;
  FOREIGN.forEach(([where, name, key]) => {
    document.querySelectorAll(where).forEach((one) => one.setAttribute(name, words[key]));
  });
  document.querySelectorAll("[data-testid=stSkipToContent]").forEach((one) => {
    if (one.textContent !== words.label) one.textContent = words.label;
  });
  document.querySelectorAll("[data-testid=stIconMaterial]:not([aria-hidden])").forEach((one) => one.setAttribute("aria-hidden", "true"));
}

export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".skip");
  if (root.xtEnd) root.xtEnd();
  let asked = 0;
  const watch = new MutationObserver(() => {
    if (!asked) asked = window.requestAnimationFrame(() => { asked = 0; spoken(data); });
  });
  const changes = { childList: true, subtree: true, attributes: true, attributeFilter: ["aria-label", "placeholder", "title"] };
  watch.observe(document.body, changes);
  spoken(data);
  root.xtEnd = () => watch.disconnect();
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
  return root.xtEnd;
}
