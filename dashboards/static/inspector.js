/* Sites on a small map and as cards, in the order of the way; a picked one is told to the page by its id. */
const LEAFLET = "/assets/vendor/leaflet/leaflet.js";
const LEFT = "xt-list-left";

/* A ground, and black or white upon it, whichever is read more easily. */
function paint(element, colour) {
  const parts = [1, 3, 5].map((at) => parseInt(colour.slice(at, at + 2), 16) / 255)
    .map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
  const light = 0.2126 * parts[0] + 0.7152 * parts[1] + 0.0722 * parts[2];
  element.style.background = colour;
  element.classList.toggle("on_light", light > 0.179);
}

function leaflet() {
  window.xiangtuLeaflet ||= new Promise((done, failed) => {
    if (window.L) { done(window.L); return; }
    const script = document.createElement("script");
    script.src = LEAFLET;
    script.onload = () => done(window.L);
    script.onerror = () => { window.xiangtuLeaflet = null; failed(new Error("no map")); };
    document.head.append(script);
  });
  return window.xiangtuLeaflet;
}

function card(one, data, pick) {
  const made = make("li");
  const button = make("button", one.key === data.selected ? "card chosen" : "card");
  button.type = "button";
  button.dataset.key = one.key;
  const badge = make("span", "badge", one.number);
  paint(badge, one.colour);
  const text = make("span", "text");
  const head = make("span", "head");
  head.append(make("b", "", one.title));
  one.chips.forEach((chip) => head.append(make("span", `chip ${chip.tone}`, chip.text)));
  text.append(head);
  one.lines.forEach((line) => text.append(make("span", "line", line)));
  button.append(badge, text);
  if (one.leg) button.append(make("span", "leg", one.leg));
  button.onclick = () => pick(one.key);
  made.append(button);
  return made;
}

/* A card that shows its hexagon on the map. */
function spot(one, data, root) {
  const made = make("li");
  const button = make("button", "card");
  button.type = "button";
  const badge = make("span", `badge hex ${one.tone}`, data.words.hot);
  const text = make("span", "text");
  text.append(make("b", "", one.title), ...one.lines.filter(Boolean).map((line) => make("span", "line", line)));
  button.append(badge, text);
  button.onclick = () => {
    const map = root.querySelector(".map").xiangtuMap;
    if (!map) return;
    map.fitBounds(one.ring.map(([lon, lat]) => [lat, lon]), { maxZoom: 15, padding: [40, 40] });
    root.querySelector(".map").scrollIntoView({ block: "nearest" });
  };
  made.append(button);
  return made;
}

async function drawMap(root, data, pick) {
  const L = await leaflet();
  const box = root.querySelector(".map");
  let map = box.xiangtuMap;
  if (!map) {
    map = L.map(box, { attributionControl: false, zoomControl: false, zoomSnap: 0.25, minZoom: 7, maxZoom: 19 });
    L.control.zoom({ zoomInTitle: data.words.zoom_in, zoomOutTitle: data.words.zoom_out }).addTo(map);
    L.control.scale({ imperial: false }).addTo(map);
    map.setView([30, 104], 8);
    lay(map, data.ground);
    map.on("zoomend", () => box.classList.toggle("far", map.getZoom() < 10.5));
    box.xiangtuMap = map;
    box.xiangtuLook = sight(map, box);
  }
  if (box.xiangtuDrawn) box.xiangtuDrawn.remove();
  const drawn = L.layerGroup().addTo(map);
  box.xiangtuDrawn = drawn;
  outlines(L, drawn, data.areas);
  data.cells.forEach((cell) => {
    const shape = L.polygon(cell.ring.map(([lon, lat]) => [lat, lon]), { className: `cell ${cell.tone}`, interactive: true });
    shape.bindTooltip(make("span", "", [cell.title, ...cell.lines].filter(Boolean).join(" · ")));
    shape.addTo(drawn);
  });
  const at = data.stops.map((one) => [one.lat, one.lon]);
  const start = data.start ? [data.start.lat, data.start.lon] : null;
  if (data.route && at.length) L.polyline(start ? [start, ...at] : at, { className: "way", interactive: false }).addTo(drawn);
  if (start) L.marker(start, { icon: L.divIcon({ className: "here", iconSize: [18, 18] }), interactive: false, keyboard: false }).addTo(drawn);
  [...data.stops].reverse().forEach((one) => {
    const pin = make("i", one.key === data.selected ? "pin chosen" : "pin", one.number);
    paint(pin, one.colour);
    const icon = L.divIcon({ className: "stop", html: pin, iconSize: [28, 28] });
    const marker = L.marker([one.lat, one.lon], { icon, title: one.title, alt: `${one.number} ${one.title}`, keyboard: true });
    if (!data.bare) marker.on("click", () => pick(one.key));
    marker.addTo(drawn);
  });
  const places = [...at, ...(start ? [start] : []), ...data.cells.flatMap((cell) => cell.ring.map(([lon, lat]) => [lat, lon]))];
  const seen = JSON.stringify([places, data.bounds]);
  if (box.dataset.seen !== seen) {
    box.dataset.seen = seen;
    const [west, south, east, north] = data.bounds || [73, 18, 135, 53];
    /* Of the whole county all of it is seen, whatever lies in it; of a way from here, the way. */
    const whole = L.latLngBounds([[south, west], [north, east]]);
    const all = L.latLngBounds(places);
    if (data.whole && data.bounds && places.length) whole.extend(all);
    box.xiangtuLook(data.whole || !places.length ? whole : all.pad(0.12), { maxZoom: 16, padding: [8, 8] });
  }
}

/* What the colours on the map stand for. */
function legend(entries) {
  const made = make("p", "legend");
  entries.forEach((one) => {
    const entry = make("span", "");
    entry.append(make("i", one.kind + " " + one.tone), make("span", "", one.label));
    made.append(entry);
  });
  return made;
}

/* The townships' outlines come once and stay in the browser. */
const known = new Map();
async function outlines(L, drawn, address) {
  if (!known.has(address)) known.set(address, fetch(address).then((answer) => (answer.ok ? answer.json() : Promise.reject(new Error("no outlines")))));
  try {
    const areas = await known.get(address);
    for (const area of areas.townships) {
      const ways = area.rings.map((ring) => ring.map(([lon, lat]) => [lat, lon]));
      L.polyline(ways, { className: "township", weight: 1.5, interactive: false }).addTo(drawn).bringToBack();
      const icon = L.divIcon({ className: "name", html: make("span", "", area.name), iconSize: [0, 0] });
      L.marker([area.at[1], area.at[0]], { icon, interactive: false, keyboard: false, zIndexOffset: -1000 }).addTo(drawn);
    }
  } catch {
    known.delete(address);
  }
}

/* To where a list of that name was left for one of its sites, once. */
function comeBack(page, label) {
  const [of, top] = JSON.parse(sessionStorage.getItem(LEFT) || "[]");
  if (of !== label) return;
  sessionStorage.removeItem(LEFT);
  /* The list is as long as it was only when it is drawn. */
  requestAnimationFrame(() => requestAnimationFrame(() => page.scrollTo({ top })));
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".inspector");
  root.classList.toggle("bare", Boolean(data.bare));
  /* A site opens at its head, and the way back leads to where the list was left. */
  const page = document.querySelector("[data-testid=stMain]") || document.scrollingElement;
  const pick = (key) => {
    sessionStorage.setItem(LEFT, JSON.stringify([data.label, page.scrollTop]));
    page.scrollTo({ top: 0 });
    setTriggerValue("picked", key);
  };
  const fresh = !root.querySelector(".map");
  if (fresh) {
    const style = make("link");
    style.rel = "stylesheet";
    style.href = "/assets/vendor/leaflet/leaflet.css";
    root.append(style, make("div", "map"), make("div", "side"));
  }
  const box = root.querySelector(".map");
  box.setAttribute("role", "region");
  box.setAttribute("aria-label", data.label);
  const side = root.querySelector(".side");
  const list = make("ol", "cards");
  list.setAttribute("aria-label", data.label);
  data.cells.forEach((one) => list.append(spot(one, data, root)));
  data.stops.forEach((one) => list.append(card(one, data, pick)));
  const notes = data.notes.map((note) => make("p", "note", note));
  side.replaceChildren(...(data.legend || []).length ? [legend(data.legend)] : [], ...notes, list, ...(data.stops.length ? [] : [make("p", "empty", data.empty)]));
  if (fresh && !data.bare) comeBack(page, data.label);
  drawMap(root, data, pick).catch(() => { box.textContent = data.words.no_map; });
}
