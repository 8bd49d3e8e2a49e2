/* What lies below a map: pictures, relief, and the lines of water and roads with their names. It answers no click,
   each tile is painted once, and one switch hides it all. Text arrives as data and is only ever set as text. */
(function () {
  "use strict";
  if (window.xiangtuGround) return;
  var KEPT = "xiangtu-ground", VECTORGRID = "/assets/vendor/vectorgrid/vectorgrid.js";
  var BELOW = "160", ABOVE = "410";
  /* Tiles of our own are drawn this wide: a quarter of the requests that come before a reader sees the things. */
  var WIDE = 512;

  function element(tag, className, text) {
    var made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  /* Whether the map stands on a dark ground, whatever theme made it so. */
  function isDark(map) {
    var said = window.getComputedStyle(map.getContainer()).backgroundColor;
    var parts = (said.match(/[\d.]+(?:e-\d+)?/g) || []).map(Number);
    /* Before its style has come a map has no colour of its own. */
    if (parts.length < 3 || parts[3] === 0) return window.matchMedia("(prefers-color-scheme: dark)").matches;
    var whole = said.indexOf("color(") === 0 ? 1 : 255;
    return (0.3 * parts[0] + 0.59 * parts[1] + 0.11 * parts[2]) / whole < 0.45;
  }

  function remembered() {
    try { return window.localStorage.getItem(KEPT) !== "off"; } catch (error) { return true; }
  }

  function remember(shown) {
    try { window.localStorage.setItem(KEPT, shown ? "on" : "off"); } catch (error) { /* A browser may forbid it. */ }
  }

  function trace(context, feature, scale) {
    context.beginPath();
    feature.geometry.forEach(function (ring) {
      ring.forEach(function (at, i) { context[i ? "lineTo" : "moveTo"](at.x * scale, at.y * scale); });
      if (feature.type === 3) context.closePath();
    });
  }

  /* The middle of the longest straight-ish run of a line inside the tile, and how it turns there. */
  function along(ring, scale, need) {
    var best = null;
    for (var i = 1; i < ring.length; i += 1) {
      var start = ring[i - 1], j = i;
      var turn = Math.atan2(ring[i].y - start.y, ring[i].x - start.x);
      while (j + 1 < ring.length) {
        var next = Math.atan2(ring[j + 1].y - ring[j].y, ring[j + 1].x - ring[j].x) - turn;
        if (Math.abs(Math.atan2(Math.sin(next), Math.cos(next))) > 0.35) break;
        j += 1;
      }
      var wide = (ring[j].x - start.x) * scale, high = (ring[j].y - start.y) * scale, far = Math.hypot(wide, high);
      if (far >= need && (!best || far > best.far)) {
        var angle = Math.atan2(high, wide);
        if (angle > Math.PI / 2) angle -= Math.PI;
        if (angle < -Math.PI / 2) angle += Math.PI;
        best = { far: far, x: (start.x + ring[j].x) / 2 * scale, y: (start.y + ring[j].y) / 2 * scale, angle: angle };
      }
    }
    return best;
  }

  function middle(ring, scale, need) {
    var xs = ring.map(function (at) { return at.x * scale; }), ys = ring.map(function (at) { return at.y * scale; });
    var west = Math.min.apply(null, xs), east = Math.max.apply(null, xs);
    var north = Math.min.apply(null, ys), south = Math.max.apply(null, ys);
    return east - west < need || south - north < 22 ? null : { x: (west + east) / 2, y: (north + south) / 2, angle: 0 };
  }

  /* Names where there is room, each once a tile, none over another or over the tile's edge. */
  function name(context, things, scale, size, ink, halo) {
    var taken = [], said = {};
    context.font = "11px \"PingFang SC\", \"Microsoft YaHei\", \"WenQuanYi Micro Hei\", system-ui, sans-serif";
    context.textAlign = "center";
    context.textBaseline = "middle";
    things.forEach(function (one) {
      var text = one.properties.name;
      if (!text || said[text] || text.length > 14) return;
      var wide = context.measureText(text).width + 8;
      var ring = one.geometry.reduce(function (a, b) { return b.length > a.length ? b : a; }, []);
      var at = (one.type === 3 ? middle : along)(ring, scale, wide);
      if (!at) return;
      var reachX = Math.abs(Math.cos(at.angle)) * wide / 2 + 6, reachY = Math.abs(Math.sin(at.angle)) * wide / 2 + 8;
      var box = [at.x - reachX, at.y - reachY, at.x + reachX, at.y + reachY];
      if (box[0] < 0 || box[1] < 0 || box[2] > size || box[3] > size) return;
      if (taken.some(function (t) { return box[0] < t[2] && t[0] < box[2] && box[1] < t[3] && t[1] < box[3]; })) return;
      taken.push(box);
      said[text] = true;
      context.save();
      context.translate(at.x, at.y);
      context.rotate(at.angle);
      context.lineWidth = 3;
      context.lineJoin = "round";
      context.strokeStyle = halo;
      context.strokeText(text, 0, 0);
      context.fillStyle = ink;
      context.fillText(text, 0, 0);
      context.restore();
    });
  }

  function paint(canvas, things, style, look, zoom, size) {
    var context = canvas.getContext("2d"), scale = size / things.extent;
    context.scale(canvas.width / size, canvas.height / size);
    context.lineJoin = context.lineCap = "round";
    var thick = zoom >= 15 ? 1.7 : zoom >= 13 ? 1.25 : 1;
    var all = things.features;
    all.forEach(function (one) {
      trace(context, one, scale);
      context.strokeStyle = look.stroke;
      context.lineWidth = ((style.width || {})[one.properties.kind] || 1) * thick;
      if (one.type === 3) { context.lineWidth = 0.7; context.fillStyle = look.fill; context.fill("evenodd"); }
      context.stroke();
    });
    if (zoom >= 12) name(context, all, scale, size, look.ink, look.halo);
    canvas.dataset.things = all.length;
  }

  /* The lines of one layer; a tile that came is painted and forgotten. */
  function lines(map, spec, pane) {
    var Lines = L.VectorGrid.Protobuf.extend({
      createTile: function (coords, done) {
        var canvas = L.DomUtil.create("canvas", "xt-ground-tile"), size = this.getTileSize().x;
        var fine = window.devicePixelRatio || 1, dark = isDark(map), style = spec.style;
        canvas.width = canvas.height = Math.round(size * fine);
        var look = {
          stroke: dark ? style.dark_stroke : style.stroke, fill: (dark ? style.dark_fill : style.fill) || "transparent",
          ink: dark ? "#a9c3cf" : "#4b6472", halo: dark ? "rgba(18, 24, 28, 0.85)" : "rgba(250, 250, 247, 0.9)"
        };
        var asked = L.extend(L.point(coords.x, coords.y), { z: coords.z - 1 });
        this._getVectorTilePromise(asked).then(function (tile) {
          Object.keys(tile.layers).forEach(function (key) {
            paint(canvas, tile.layers[key], style, look, coords.z, size);
          });
          done(null, canvas);
        }, function (error) { done(error, canvas); });
        return canvas;
      }
    });
    return new Lines(spec.url, {
      pane: pane, tileSize: WIDE, minZoom: spec.first + 1, maxNativeZoom: spec.last + 1, maxZoom: 20,
      interactive: false, updateWhenZooming: false, keepBuffer: 1, fetchOptions: { priority: "low" }
    });
  }

  function needed() {
    if (L.VectorGrid) return Promise.resolve();
    window.xiangtuVectorGrid = window.xiangtuVectorGrid || new Promise(function (done, failed) {
      var script = document.createElement("script");
      script.src = VECTORGRID;
      script.onload = done;
      script.onerror = failed;
      document.head.appendChild(script);
    });
    return window.xiangtuVectorGrid;
  }

  function panes(map) {
    ["xt-pictures", "xt-ground"].forEach(function (called, i) {
      var pane = map.getPane(called) || map.createPane(called);
      pane.style.pointerEvents = "none";
      pane.style.zIndex = i ? BELOW : "150";
    });
  }

  /* Lines under a full colour would not be seen: they lie faintly upon it, and below everything else. */
  function settle(map, opaque) {
    var pane = map.getPane("xt-ground");
    pane.style.zIndex = opaque ? ABOVE : BELOW;
    pane.style.opacity = opaque ? "0.7" : "1";
  }

  function rasters(map, spec) {
    var made = [], dark = isDark(map);
    if (spec.pictures) {
      made.push(L.tileLayer(spec.pictures.url, {
        pane: "xt-pictures", subdomains: spec.pictures.servers.length ? spec.pictures.servers : "abc",
        minNativeZoom: spec.pictures.first, maxNativeZoom: spec.pictures.last, maxZoom: 20,
        opacity: dark ? 0.32 : 0.8, updateWhenZooming: false, keepBuffer: 1
      }));
    }
    if (spec.relief) {
      made.push(L.tileLayer(spec.relief.url, {
        pane: "xt-pictures", tileSize: WIDE, zoomOffset: -1, minZoom: spec.relief.first + 1,
        maxNativeZoom: spec.relief.last + 1, maxZoom: 20,
        bounds: spec.relief.bounds, opacity: 0.6, updateWhenZooming: false, keepBuffer: 1
      }));
    }
    return made;
  }

  function corner(spec) {
    var control = L.control({ position: "bottomright" });
    control.onAdd = function () {
      var box = element("div", "xt-credit");
      box.setAttribute("style", "max-width: min(420px, 62vw); padding: 1px 6px; border-radius: 4px; font-size: 11px;"
        + " line-height: 1.35; overflow-wrap: anywhere; color: #1f2a30; background: rgba(255, 255, 255, 0.82);");
      if (spec.credit) box.appendChild(element("div", "", spec.credit));
      spec.notes.forEach(function (note) { box.appendChild(element("div", "xt-fault", note)); });
      return box;
    };
    return control;
  }

  function icon() {
    var made = document.createElementNS("http://www.w3.org/2000/svg", "svg");
    var path = document.createElementNS("http://www.w3.org/2000/svg", "path");
    made.setAttribute("viewBox", "0 0 20 20");
    made.setAttribute("width", "18");
    made.setAttribute("height", "18");
    made.setAttribute("aria-hidden", "true");
    made.setAttribute("style", "display: block; margin: auto; height: 100%;");
    path.setAttribute("d", "M2 9l5-6 4 5 3-3 4 4M2 13q4-3 8 0t8 0M2 17q4-3 8 0t8 0");
    path.setAttribute("fill", "none");
    path.setAttribute("stroke", "currentColor");
    path.setAttribute("stroke-width", "1.7");
    made.appendChild(path);
    return made;
  }

  function toggle(spec, shown, changed) {
    var control = L.control({ position: "topright" });
    control.onAdd = function () {
      var bar = element("div", "leaflet-bar xt-ground-switch"), link = document.createElement("a");
      link.href = "#";
      link.setAttribute("role", "button");
      link.appendChild(icon());
      function say() {
        link.title = shown ? spec.words.hide : spec.words.show;
        link.setAttribute("aria-label", link.title);
        link.setAttribute("aria-pressed", String(shown));
        link.style.opacity = shown ? "1" : "0.55";
      }
      L.DomEvent.disableClickPropagation(bar);
      link.onclick = function (event) {
        event.preventDefault();
        shown = !shown;
        remember(shown);
        say();
        changed(shown);
      };
      say();
      bar.appendChild(link);
      return bar;
    };
    return control;
  }

  /* Lay the ground under a map: {lines, pictures, relief, credit, notes, words}; once for each map. */
  window.xiangtuGround = {
    add: function (map, spec) {
      if (!spec || map.xtGround) return;
      map.xtGround = true;
      panes(map);
      var layers = rasters(map, spec), credit = spec.credit || spec.notes.length ? corner(spec) : null;
      var shown = remembered(), opaque = false;
      function show(layer) { if (shown) layer.addTo(map); else layer.remove(); }
      function all() {
        layers.forEach(show);
        if (credit) show(credit);
        map.xtPictures = shown && Boolean(spec.pictures || spec.relief);
        map.fire("xtground");
      }
      map.on("xtopaque", function (event) { settle(map, (opaque = event.opaque)); });
      if (map.xtOpaque) settle(map, true);
      if (spec.lines.length || layers.length) {
        toggle(spec, shown, function (now) { shown = now; all(); }).addTo(map);
      }
      all();
      if (spec.lines.length) {
        needed().then(function () {
          spec.lines.forEach(function (one) {
            var made = lines(map, one, "xt-ground");
            layers.push(made);
            show(made);
          });
        }, function () { /* Without its reader of tiles the map goes without water and roads. */ });
      }
      window.matchMedia("(prefers-color-scheme: dark)").addEventListener("change", function () {
        layers.forEach(function (layer) { if (layer._map && layer.redraw) layer.redraw(); });
      });
    }
  };
})();
