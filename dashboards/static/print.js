/* The link that opens a printed view again, written out with the name of this server. */
document.querySelectorAll("a.again").forEach((link) => { link.textContent = decodeURI(link.href); });
