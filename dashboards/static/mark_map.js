/* The small map of the form: own boundaries, the open sites, and the place of the new one; a tap moves it. */
const LEAFLET = "/assets/vendor/leaflet/leaflet.js";
let loading = null;

function leaflet() {
  loading ||= new Promise((done, failed) => {
    if (window.L) { done(window.L); return; }
    const script = document.createElement("script");
    script.src = LEAFLET;
    script.onload = () => done(window.L);
    script.onerror = () => { loading = null; failed(new Error("no map")); };
    document.head.append(script);
  });
  return loading;
}

/* A map in `box`; `tapped(lon, lat)` is told of taps; `ground` (water, roads, a base map …) lies below. Gives { place(position), areas(areas), sites(near) }. */
export async function draw(box, tapped, ground) {
  const L = await leaflet();
  const map = L.map(box, { attributionControl: false, zoomControl: true, minZoom: 7, maxZoom: 19, zoomSnap: 0.5 });
  map.setView([30, 104], 8);
  L.control.scale({ imperial: false }).addTo(map);
  if (ground) import("/assets/own/ground.js").then(() => window.xiangtuGround.add(map, ground)).catch(() => {});
  const drawn = { lines: null, pin: null, ring: null, sites: L.layerGroup().addTo(map), shown: false };
  /* Names of villages near by, of townships from afar: those in sight alone. */
  const names = L.layerGroup().addTo(map);
  let known = null;
  const label = () => {
    names.clearLayers();
    if (!known || map.getZoom() < 10) return;
    const seen = map.getBounds().pad(0.1);
    for (const area of map.getZoom() < 13 ? known.townships : known.villages) {
      const at = [area.at[1], area.at[0]];
      if (!seen.contains(at)) continue;
      const text = document.createElement("span");
      text.textContent = area.name;
      L.marker(at, { icon: L.divIcon({ className: "name", html: text, iconSize: [0, 0] }), interactive: false, keyboard: false }).addTo(names);
    }
  };
  map.on("moveend", label);
  map.on("click", (event) => tapped(event.latlng.lng, event.latlng.lat));
  new ResizeObserver(() => map.invalidateSize()).observe(box);

  return {
    areas(areas) {
      known = areas;
      if (drawn.lines) drawn.lines.remove();
      const style = { townships: { weight: 2, className: "line township" }, villages: { weight: 1, className: "line village" } };
      drawn.lines = L.layerGroup().addTo(map);
      for (const level of ["villages", "townships"]) {
        for (const area of areas[level]) {
          const ways = area.rings.map((ring) => ring.map(([lon, lat]) => [lat, lon]));
          L.polyline(ways, { ...style[level], interactive: false }).addTo(drawn.lines);
        }
      }
      if (!drawn.shown && areas.bounds) {
        const [west, south, east, north] = areas.bounds;
        map.fitBounds([[south, west], [north, east]], { animate: false });
      }
      label();
    },
    place(position) {
      if (!position) return;
      const at = [position.lat, position.lon];
      const icon = L.divIcon({ className: "pin", iconSize: [28, 28], iconAnchor: [14, 27] });
      if (drawn.pin) drawn.pin.setLatLng(at);
      else drawn.pin = L.marker(at, { icon, interactive: false, keyboard: false }).addTo(map);
      if (drawn.ring) drawn.ring.remove();
      drawn.ring = position.by === "device" && position.accuracy > 5
        ? L.circle(at, { radius: position.accuracy, className: "about", interactive: false }).addTo(map) : null;
      if (!drawn.shown || !map.getBounds().contains(at)) map.setView(at, Math.max(map.getZoom(), 15), { animate: false });
      drawn.shown = true;
    },
    sites(near) {
      drawn.sites.clearLayers();
      for (const one of near) {
        L.circleMarker([one.lat, one.lon], { radius: 6, className: "site", interactive: false }).addTo(drawn.sites);
      }
    },
  };
}
