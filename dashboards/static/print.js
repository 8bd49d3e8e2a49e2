/* The link that opens a printed view again, written out with the name of this server. */
document.querySelectorAll("a.again").forEach((link) => { link.textContent = decodeURI(link.href); });
/* What is still too long for its part of the page, of long names for one, is written smaller until all of it stands there. */
function fit() {
  document.querySelectorAll("article section").forEach((part) => {
    let size = parseFloat(getComputedStyle(part).fontSize);
    while (part.scrollHeight > part.clientHeight + 1 && size > 6) {
      size -= 0.25;
      part.style.fontSize = `${size}px`;
    }
  });
}
fit();
document.fonts.ready.then(fit);
