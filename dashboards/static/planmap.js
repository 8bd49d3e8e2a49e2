/* A map of a few hundred shapes on which places can also be drawn. Text arrives as data and is only ever set as text. */
const VENDOR = "/assets/vendor/leaflet/leaflet.js";

function leaflet() {
  if (window.L && window.L.map) return Promise.resolve(window.L);
  if (!window.xiangtuLeaflet) {
    window.xiangtuLeaflet = new Promise((done, failed) => {
      const script = document.createElement("script");
      script.src = VENDOR;
      script.onload = () => done(window.L);
      script.onerror = failed;
      document.head.append(script);
    });
  }
  return window.xiangtuLeaflet;
}

function tip(properties) {
  const box = make("div", "tip");
  box.append(make("b", "", properties.name || ""));
  (properties.lines || []).forEach((line) => box.append(make("div", "", line)));
  return box;
}

function styled(feature) {
  const one = feature.properties;
  return {
    color: one.stroke || "#45525a", weight: one.weight || 1, opacity: 1, dashArray: one.dash || null,
    fill: one.fill !== null, fillColor: one.fill || "#9aa5a8", fillOpacity: one.opacity === undefined ? 0.75 : one.opacity,
    radius: 7, className: (one.key ? "pick" : "still") + (one.chosen ? " chosen" : "")
  };
}

/* Shapes too small to be seen stand as a mark each, and those whose marks would lie on each other as one with their
   number; come nearer and the shapes themselves are seen. */
const SMALL = 14, APART = 34;

function bundles(map, shapes) {
  const found = [];
  shapes.forEach((shape) => {
    const bounds = shape.getBounds ? shape.getBounds() : L.latLngBounds([shape.getLatLng()]);
    const size = map.latLngToLayerPoint(bounds.getSouthEast()).subtract(map.latLngToLayerPoint(bounds.getNorthWest()));
    if (!shape.getBounds || Math.max(size.x, size.y) >= SMALL) return;
    const at = map.latLngToLayerPoint(bounds.getCenter());
    const near = found.find((one) => one.at.distanceTo(at) < APART);
    if (near) { near.shapes.push(shape); near.bounds.extend(bounds); return; }
    found.push({ at, shapes: [shape], bounds: L.latLngBounds(bounds.getSouthWest(), bounds.getNorthEast()) });
  });
  return found;
}

function bundled(state, shapes, words) {
  const { map, L } = state;
  const marks = L.layerGroup().addTo(state.drawn);
  const gather = () => {
    marks.clearLayers();
    bundles(map, shapes).forEach((one) => {
      const many = one.shapes.length > 1, first = one.shapes[0], wide = many ? Math.min(26 + 3 * String(one.shapes.length).length, 40) : 14;
      const face = make("span", many ? "bundle" : "bundle single", many ? String(one.shapes.length) : "");
      face.style.background = first.feature.properties.mark || first.feature.properties.fill;
      const icon = L.divIcon({ className: "anchor", html: face, iconSize: [wide, wide] });
      const said = many ? words.bundle.replace("{count}", one.shapes.length) : first.feature.properties.name;
      const mark = L.marker(one.bounds.getCenter(), { icon, keyboard: true, alt: said, title: many ? said : "" });
      if (!many) mark.bindTooltip(tip(first.feature.properties), { direction: "top" });
      mark.on("click", () => {
        if (many) map.fitBounds(one.bounds, { padding: [40, 40], maxZoom: 18 });
        else first.fire("click");
      });
      marks.addLayer(mark);
    });
  };
  map.on("zoomend", gather);
  state.drawn.on("remove", () => map.off("zoomend", gather));
  state.gather.push(gather);
}

function draw(state, data, tell) {
  const { map, L } = state;
  if (state.drawn) state.drawn.remove();
  state.drawn = L.layerGroup().addTo(map);
  state.gather = [];
  data.layers.forEach((part) => {
    const layer = L.geoJSON(part.features, {
      interactive: part.interactive !== false, style: styled, pointToLayer: (f, at) => L.circleMarker(at, styled(f)),
      onEachFeature: (feature, shape) => {
        const one = feature.properties;
        if (one.name) shape.bindTooltip(tip(one), { sticky: true, direction: "top" });
        if (one.label) {
          const icon = L.divIcon({ className: "anchor", html: make("span", "label", one.label), iconSize: [0, 0] });
          state.drawn.addLayer(L.marker(one.label_at, { interactive: false, keyboard: false, icon }));
        }
        if (one.key) shape.on("click", () => { if (!state.points) tell("picked", one.key); });
      }
    });
    state.drawn.addLayer(layer);
    if (part.bundle) bundled(state, layer.getLayers(), data.words);
  });
  go(state, data);
  least(state, data);
  state.gather.forEach((gather) => gather());
}

/* So far out, and no farther: the whole county, whose outlines come first, with about as much around it. */
function least(state, data) {
  const { map, L } = state, all = L.geoJSON(data.layers[0].features).getBounds(), size = map.getSize();
  if (!all.isValid() || size.x < 100 || size.y < 100) return;
  /* Set as an option: the function for it would move the map, and what the page wants comes too late then. */
  map.options.minZoom = Math.max(6, Math.floor(4 * (map.getBoundsZoom(all) - 1.25)) / 4);
  map.fire("zoomlevelschange");
}

/* Where the page wants the map; when what was gone to is closed, the view before it is given back. */
function go(state, data) {
  const { map } = state, wanted = JSON.stringify(data.fit || null);
  if (!data.fit || wanted === state.fitted) return;
  if (data.near && !state.near && state.fitted) state.back = { fitted: state.fitted, at: map.getCenter(), zoom: map.getZoom() };
  const back = data.near ? null : state.back;
  if (!data.near) state.back = null;
  state.near = data.near;
  state.fitted = wanted;
  if (back && back.fitted === wanted) map.setView(back.at, back.zoom);
  else state.look(data.fit, { padding: [16, 16], maxZoom: 17 });
}

/* Drawing: taps set corners; finishing makes a point of one, a line of two, an area of three or more. */
function pen(state, root, data, tell) {
  const { map, L } = state;
  root.querySelector(".tools").replaceChildren();
  if (!data.pen) { stop(); return; }
  const words = data.words;
  const bar = root.querySelector(".tools");
  const button = (text, act, key) => {
    const made = make("button", key || "", text);
    made.type = "button";
    made.onclick = act;
    bar.append(made);
    return made;
  };
  function stop() {
    state.points = null;
    if (state.line) { state.line.remove(); state.line = null; }
    map.getContainer().classList.remove("pen");
    map.off("click", state.tap);
  }
  function sketch() {
    if (state.line) state.line.remove();
    state.line = L.layerGroup().addTo(map);
    state.points.forEach((at) => L.circleMarker(at, { radius: 5, color: "#b3261e", fillOpacity: 1 }).addTo(state.line));
    if (state.points.length > 2) L.polygon(state.points, { color: "#b3261e", weight: 2, fillOpacity: 0.15 }).addTo(state.line);
    else if (state.points.length === 2) L.polyline(state.points, { color: "#b3261e", weight: 2 }).addTo(state.line);
  }
  function tools() {
    bar.replaceChildren();
    if (!state.points) {
      button(words.draw, () => {
        state.points = [];
        map.getContainer().classList.add("pen");
        state.tap = (event) => { state.points.push(event.latlng); sketch(); tools(); };
        map.on("click", state.tap);
        tools();
      }, "main");
      return;
    }
    bar.append(make("span", "hint", words.hint));
    if (state.points.length) {
      button(words.back, () => { state.points.pop(); sketch(); tools(); });
      button(words.done, () => {
        const ring = state.points.map((at) => [at.lng, at.lat].map((x) => Number(x.toFixed(7))));
        const shape = ring.length === 1 ? { type: "Point", coordinates: ring[0] }
          : ring.length === 2 ? { type: "LineString", coordinates: ring }
            : { type: "Polygon", coordinates: [[...ring, ring[0]]] };
        stop();
        tools();
        tell("drawn", JSON.stringify(shape));
      }, "main");
    }
    button(words.cancel, () => { stop(); tools(); });
  }
  state.keys = (event) => {
    if (!state.points) return;
    if (event.key === "Escape") { stop(); tools(); }
    if (event.key === "Backspace" && state.points.length) { event.preventDefault(); state.points.pop(); sketch(); tools(); }
  };
  root.onkeydown = state.keys;
  tools();
}

const kept = new WeakMap();

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".planmap");
  root.setAttribute("aria-label", data.label);
  root.setAttribute("role", "region");
  leaflet().then((L) => {
    let state = kept.get(root);
    if (!state) {
      root.replaceChildren(make("div", "tools"), make("div", "canvas"));
      const map = L.map(root.querySelector(".canvas"), {
        zoomControl: false, attributionControl: false, zoomSnap: 0.25, minZoom: 6, maxZoom: 20
      });
      map.setView([31, 106], 8);
      L.control.zoom({ position: "topright", zoomInTitle: data.words.zoom_in, zoomOutTitle: data.words.zoom_out }).addTo(map);
      L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
      lay(map, data.ground);
      state = { map, L, look: sight(map, root.querySelector(".canvas")) };
      kept.set(root, state);
    }
    draw(state, data, setTriggerValue);
    pen(state, root, data, setTriggerValue);
  });
  return () => {};
}
