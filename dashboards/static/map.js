/* What the maps draw with Leaflet. Text arrives as data and is only ever set as text, never as markup. */
(function () {
  "use strict";
  if (window.xiangtu) return;
  var own = {};
  var drawn = [];
  window.xiangtu = own;

  /* VectorGrid 1.3 calls a function that Leaflet dropped in 1.8, and streamlit-folium asks clicked features
     for their GeoJSON, which tile features do not have. */
  L.DomEvent.fakeStop = L.DomEvent.fakeStop || function () { return true; };
  if (L.VectorGrid) {
    var create = L.VectorGrid.prototype._createLayer;
    L.VectorGrid.prototype._createLayer = function (feature, size, style) {
      var made = create.call(this, feature, size, style);
      made.toGeoJSON = function () {
        return { type: "Feature", properties: L.extend({ kind: "tile" }, feature.properties), geometry: null };
      };
      return made;
    };
  }

  function element(tag, className, text) {
    var made = document.createElement(tag);
    made.className = className;
    if (text !== undefined) made.textContent = text;
    return made;
  }

  function tip(properties) {
    var box = element("div", "xt-tip");
    box.appendChild(element("b", "", properties.name));
    (properties.lines || []).forEach(function (line) { box.appendChild(element("div", "", line)); });
    return box;
  }

  /* Controls in the reader's language; called once when the map is made. */
  own.setup = function (map, words) {
    document.documentElement.lang = words.lang;
    document.title = words.label;
    var container = map.getContainer();
    container.setAttribute("aria-label", words.label);
    /* Leaflet focuses the map when it is pressed; the page around must not scroll then, or the click is lost. */
    container.focus = function () { HTMLElement.prototype.focus.call(container, { preventScroll: true }); };
    L.control.zoom({ position: "topright", zoomInTitle: words.zoom_in, zoomOutTitle: words.zoom_out }).addTo(map);
    if (L.control.fullscreen && document.fullscreenEnabled) {
      L.control.fullscreen({
        position: "topright", title: words.fullscreen, titleCancel: words.fullscreen_exit, forcePseudoFullscreen: false
      }).addTo(map);
    }
    L.control.scale({ imperial: false, position: "bottomright" }).addTo(map);
    map.attributionControl && map.attributionControl.remove();
    map.on("zoomend moveend", function () { declutter(map); });
    /* The frame gets its height from the page, after the map was made: keep what was fitted in sight. */
    new ResizeObserver(function () {
      var still = map.xtWanted && map.xtPlace === place(map);
      map.invalidateSize({ animate: false });
      if (still) show(map, false);
    }).observe(container);
  };

  function place(map) {
    var centre = map.getCenter();
    return [centre.lat.toFixed(5), centre.lng.toFixed(5), map.getZoom()].join();
  }

  function show(map, animate) {
    var wanted = map.xtWanted;
    map.once("moveend", function () { map.xtPlace = place(map); });
    /* Single things are drawn from half a zoom below their first one; go so near when little of the area is lost. */
    var whole = map.getBoundsZoom(wanted.bounds, false, L.point(28, 28)), least = (wanted.least_zoom || 0) - 0.5;
    if (!wanted.thing) map.xtWhole = whole;
    if (whole < least && whole >= least - 0.75) {
      map.setView(L.latLngBounds(wanted.bounds).getCenter(), least, { animate: animate, duration: 0.4 });
    } else {
      map.fitBounds(wanted.bounds, { padding: [14, 14], maxZoom: wanted.max_zoom || 18, animate: animate, duration: 0.4 });
    }
    map.xtPlace = place(map);
  }

  /* Show the labels that fit, most important first; hide those that would cover another. */
  function declutter(map) {
    var taken = [];
    Object.keys(map._layers).map(function (id) { return map._layers[id]; })
      .filter(function (layer) { return layer.xtPriority !== undefined && layer._icon; })
      .sort(function (a, b) { return b.xtPriority - a.xtPriority; })
      .forEach(function (layer) {
        var icon = layer._icon;
        icon.style.visibility = "visible";
        var box = (icon.firstChild || icon).getBoundingClientRect();
        var covered = taken.some(function (t) {
          return box.left < t.right + 2 && t.left < box.right + 2 && box.top < t.bottom + 1 && t.top < box.bottom + 1;
        });
        if (covered) icon.style.visibility = "hidden";
        else taken.push(box);
      });
  }

  function whenAdded(layer, act) {
    layer.on("add", function () { window.setTimeout(function () { if (layer._map) act(layer._map); }, 0); });
  }

  /* Go where the reader went, not each time something else on the page changed: to an area, or to a thing that is
     not well seen where the map is. When the thing is closed the view before it is given back. */
  function fit(map, wanted) {
    var before = map.xtWanted, back = map.xtBack;
    if (!wanted || (before && before.key === wanted.key)) return;
    map.xtWanted = wanted;
    map.invalidateSize({ animate: false });
    if (wanted.thing) {
      if (before && !before.thing) map.xtBack = { key: before.key, centre: map.getCenter(), zoom: map.getZoom() };
      if (!before || !seen(map, wanted.bounds)) show(map, Boolean(before));
      return;
    }
    delete map.xtBack;
    if (back && back.key === wanted.key) map.setView(back.centre, back.zoom, { animate: true, duration: 0.4 });
    else show(map, Boolean(before));
  }

  /* Whether a thing with its surroundings is in sight, and not so far away that it is lost among others. */
  function seen(map, bounds) {
    return map.getBounds().contains(bounds) && map.getZoom() >= map.getBoundsZoom(bounds) - 2;
  }

  function label(spec) {
    var box = element("div", spec.on_dark ? "xt-label xt-on-dark" : "xt-label");
    box.appendChild(element("span", "xt-name", spec.name));
    if (spec.value) box.appendChild(element("span", "xt-value", spec.value));
    var marker = L.marker([spec.lat, spec.lon], {
      interactive: false, keyboard: false, icon: L.divIcon({ className: "xt-anchor", html: box, iconSize: [0, 0] })
    });
    marker.xtPriority = spec.priority;
    var onDark = spec.on_dark, faint = false;
    function dress() { box.className = faint ? "xt-label xt-faint" : onDark ? "xt-label xt-on-dark" : "xt-label"; }
    marker.xtFaint = function (now) { faint = now; dress(); };
    marker.xtSay = function (value, dark) {
      onDark = dark;
      dress();
      var shown = box.querySelector(".xt-value");
      if (!shown) shown = box.appendChild(element("span", "xt-value", ""));
      shown.textContent = value;
    };
    return marker;
  }

  /* Other colours and values for the areas that are drawn: {code: [colour, value, on dark]}; what the value is of. */
  own.repaint = function (frame, heading) {
    drawn.forEach(function (one) {
      if (!one.layer._map) return;
      Object.keys(frame).forEach(function (code) {
        var part = one.parts[code], said = frame[code];
        if (!part) return;
        part.setStyle({ fillColor: said[0] });
        part.feature.properties.lines = [heading + said[1]];
        part.setTooltipContent(tip(part.feature.properties));
        if (one.labels[code]) one.labels[code].xtSay(said[1], said[2]);
      });
      declutter(one.layer._map);
    });
  };

  /* Tell the ground whether areas in full colour cover it. */
  function opaque(map, now) {
    if (map.xtOpaque === now) return;
    map.xtOpaque = now;
    map.fire("xtopaque", { opaque: now });
  }

  /* Areas that let single things show through: their legend, which stands on the page around the map, is told so and
     fades with them, and what the colours of the things mean is told upon the map. */
  function faint(map, now) {
    if (Boolean(map.xtFaint) === now) return;
    map.xtFaint = now;
    map.fire("xtfaint");
    var box = window.frameElement;
    while (box && !box.querySelector(".xt-legend")) box = box.parentElement;
    if (box) box.toggleAttribute("data-xt-faint", now);
  }

  /* Areas coloured by a figure: {features, labels, opacity, fit}. */
  own.areas = function (spec) {
    var parts = {}, named = {};
    var layer = L.geoJSON(spec.features, {
      style: function (feature) {
        return { className: "xt-area", fillColor: feature.properties.colour, fillOpacity: spec.opacity, weight: 1 };
      },
      onEachFeature: function (feature, part) {
        parts[feature.properties.key] = part;
        part.bindTooltip(tip(feature.properties), { sticky: true, direction: "top", offset: [0, -6] });
        part.on("mouseover", function () { part._path && part._path.classList.add("xt-hover"); });
        part.on("mouseout", function () { part._path && part._path.classList.remove("xt-hover"); });
      }
    });
    var labels = L.layerGroup(spec.labels.map(function (one) { return (named[one.key] = label(one)); }));
    var mine = { layer: layer, parts: parts, labels: named };
    drawn.push(mine);
    /* Where single things are drawn the areas let them show through, and a click may mean one of them. */
    function dress() {
      var map = layer._map;
      if (!map) return;
      /* Of the whole county only when the reader has come nearer than it was shown. */
      var asked = spec.fit && spec.fit.least_zoom !== undefined;
      var near = map.xtFrom !== undefined && map.getZoom() >= Math.max(map.xtFrom, asked ? 0 : (map.xtWhole || 0) + 1);
      layer.eachLayer(function (part) { part.feature.properties.near = near; });
      layer.setStyle({ fillOpacity: near ? 0.28 : map.xtPictures ? Math.min(spec.opacity, 0.82) : spec.opacity });
      opaque(map, !near);
      faint(map, near);
      Object.keys(named).forEach(function (key) { named[key].xtFaint(near); });
    }
    whenAdded(layer, function (map) {
      labels.addTo(map);
      fit(map, spec.fit);
      declutter(map);
      map.on("zoomend xtfrom xtground", dress);
      dress();
      layer.once("remove", function () {
        map.off("zoomend xtfrom xtground", dress);
        opaque(map, false);
        faint(map, false);
      });
    });
    layer.on("remove", function () {
      labels.remove();
      drawn = drawn.filter(function (one) { return one !== mine; });
    });
    return layer;
  };

  /* Outlines for orientation; they cannot be clicked. */
  own.outlines = function (spec) {
    var layer = L.geoJSON(spec.features, {
      interactive: false, style: { className: "xt-outline xt-outline-" + spec.role, fill: false, weight: spec.weight }
    });
    whenAdded(layer, function (map) { fit(map, spec.fit); });
    return layer;
  };

  /* Single things as shapes or points: {features, selected, fit}. */
  own.things = function (spec) {
    function style(feature) {
      var chosen = feature.properties.key === spec.selected;
      return { className: "xt-thing" + (chosen ? " xt-chosen" : ""), fillColor: feature.properties.colour,
               fillOpacity: 0.85, weight: chosen ? 3.5 : 1, radius: chosen ? 9 : 6 };
    }
    var layer = L.geoJSON(spec.features, {
      style: style,
      pointToLayer: function (feature, at) { return L.circleMarker(at, style(feature)); },
      onEachFeature: function (feature, part) {
        part.bindTooltip(tip(feature.properties), { sticky: true, direction: "top", offset: [0, -6] });
      }
    });
    /* A shape too small to see is also given a dot, as long as it is that small. */
    var dots = L.layerGroup();
    layer.eachLayer(function (part) {
      if (!part.getBounds) return;
      var dot = L.circleMarker(part.getBounds().getCenter(), style(part.feature));
      dot.setStyle({ radius: part.feature.properties.key === spec.selected ? 8 : 5 });
      dot.bindTooltip(tip(part.feature.properties), { direction: "top", offset: [0, -6] });
      dot.toGeoJSON = function () { return part.feature; };
      dot.on("click", function (event) { part.fire("click", event, true); });
      dot.xtBounds = part.getBounds();
      dot.xtChosen = part.feature.properties.key === spec.selected;
      dots.addLayer(dot);
    });
    /* The one looked at has a ring around it, so that it is found among others and however small it is. */
    var ring = L.layerGroup(), RING = 17;
    layer.eachLayer(function (part) {
      if (part.feature.properties.key !== spec.selected) return;
      var at = part.getBounds ? part.getBounds().getCenter() : part.getLatLng();
      ["xt-ring xt-casing", "xt-ring"].forEach(function (name, i) {
        ring.addLayer(L.circleMarker(at, { className: name, radius: RING, fill: false, weight: i ? 2.5 : 6, interactive: false }));
      });
    });
    function dress() {
      var map = layer._map;
      if (!map) return;
      dots.eachLayer(function (dot) {
        var corner = map.latLngToLayerPoint(dot.xtBounds.getNorthWest());
        var size = map.latLngToLayerPoint(dot.xtBounds.getSouthEast()).subtract(corner);
        var small = Math.max(size.x, size.y) < 11;
        if (small && !dot._map) dot.addTo(map);
        if (!small && dot._map) map.removeLayer(dot);
        if (!dot.xtChosen) return;
        ring.eachLayer(function (one) { one.setRadius(Math.max(RING, Math.hypot(size.x, size.y) / 2 + 7)); });
        if (Math.max(size.x, size.y) < 4 * RING) ring.addTo(map); else ring.remove();
      });
    }
    whenAdded(layer, function (map) {
      fit(map, spec.fit);
      ring.addTo(map);
      layer.eachLayer(function (part) { if (part.feature.properties.key === spec.selected) part.bringToFront(); });
      map.on("zoomend", dress);
      dress();
      layer.once("remove", function () { map.off("zoomend", dress); });
    });
    layer.on("remove", function () {
      dots.eachLayer(function (dot) { dot.remove(); });
      ring.remove();
    });
    return layer;
  };

  /* Tiles drawn and forgotten: of the many things of a very large layer none is kept in the page. */
  var Painted = L.VectorGrid && L.VectorGrid.Protobuf.extend({
    initialize: function (url, options) {
      L.VectorGrid.Protobuf.prototype.initialize.call(this, url, options);
      this.on("tileunload", function (event) { event.tile.xtGone = true; });
    },
    createTile: function (coords, done) {
      var canvas = L.DomUtil.create("canvas", "xt-painted"), size = this.getTileSize();
      var fine = window.devicePixelRatio || 1, styles = this.options.vectorTileLayerStyles;
      var name = [this._url, coords.z, coords.x, coords.y, fine].join();
      canvas.width = Math.round(size.x * fine);
      canvas.height = Math.round(size.y * fine);
      if (kept.has(name)) {
        canvas.getContext("2d").drawImage(kept.get(name), 0, 0);
        canvas.xtThings = kept.get(name).xtThings;
        window.setTimeout(function () { done(null, canvas); }, 0);
        return canvas;
      }
      this._getVectorTilePromise(coords).then(function (tile) {
        canvas.xtThings = 0;
        Object.keys(tile.layers).forEach(function (one) { paint(canvas, tile.layers[one], styles[one]); });
        later(function () {
          if (!canvas.xtGone) keep(name, canvas);
          done(null, canvas);
        });
      }).catch(function (error) { done(error, canvas); });
      return canvas;
    }
  });

  /* The tiles painted last: a click draws the map anew, and a reader zooms back and forth. */
  var kept = new Map(), KEPT_PIXELS = 12e6;
  function keep(name, canvas) {
    kept.set(name, canvas);
    while (kept.size * canvas.width * canvas.height > KEPT_PIXELS) kept.delete(kept.keys().next().value);
  }

  /* Small pieces of work, done one after the other so that the page stays free to move in between. */
  var AT_ONCE = 32, SLICE_MS = 12, waiting = [];
  function later(piece) {
    waiting.push(piece);
    if (waiting.length === 1) window.setTimeout(work, 0);
  }
  function work() {
    for (var done = 0, until = performance.now() + SLICE_MS; done < waiting.length && performance.now() < until;) {
      waiting[done++]();
    }
    waiting.splice(0, done);
    if (waiting.length) window.setTimeout(work, 0);
  }

  /* Twice the area of a ring as the tile has it: above zero for an outer one, below for a hole. */
  function turned(ring) {
    for (var sum = 0, i = 0, j = ring.length - 1; i < ring.length; j = i++) {
      sum += ring[j].x * ring[i].y - ring[i].x * ring[j].y;
    }
    return sum;
  }

  /* So many things on a tile are so small that their outlines would hide their colours. */
  var CROWD = 5000;

  /* Some things of one look are filled together, few enough to be fast; their rings turn as the tile has them, and
     a hole goes with what it is in, so holes stay open. */
  function paint(canvas, things, style) {
    var looks = {};
    things.features.forEach(function (one) {
      var look = style(one.properties), name = look.fillColor + look.weight + look.color + one.type;
      var same = looks[name] || (looks[name] = { look: look, type: one.type, parts: [], things: 0 });
      one.geometry.forEach(function (ring) {
        if (one.type !== 3 || turned(ring) > 0 || !same.parts.length) {
          if (same.things % AT_ONCE === 0) same.parts.push([]);
          same.things += 1;
        }
        same.parts[same.parts.length - 1].push(ring);
      });
    });
    var order = Object.values(looks).sort(function (one, other) { return one.look.weight - other.look.weight; });
    order.forEach(function (one) { canvas.xtThings += one.things; });
    var crowded = canvas.xtThings > CROWD, scale = canvas.width / things.extent;
    order.forEach(function (one) {
      one.parts.forEach(function (rings) {
        later(function () { if (!canvas.xtGone) draw(canvas.getContext("2d"), rings, one, scale, crowded); });
      });
    });
  }

  function draw(context, rings, one, scale, crowded) {
    var path = new Path2D(), look = one.look;
    rings.forEach(function (ring) {
      ring.forEach(function (at, i) {
        if (one.type !== 1) return path[i ? "lineTo" : "moveTo"](at.x * scale, at.y * scale);
        path.moveTo(at.x * scale + look.radius, at.y * scale);
        path.arc(at.x * scale, at.y * scale, look.radius, 0, 2 * Math.PI);
      });
      if (one.type === 3) path.closePath();
    });
    if (one.type !== 2) {
      context.globalAlpha = look.fillOpacity;
      context.fillStyle = look.fillColor;
      context.fill(path);
    }
    if (crowded && one.type === 3) return;
    context.globalAlpha = look.opacity;
    context.strokeStyle = one.type === 2 ? look.fillColor : look.color;
    context.lineWidth = look.weight;
    context.stroke(path);
  }

  /* What the colours of single things mean, upon the map; it folds, and begins folded where there is little room. */
  function key(spec, map) {
    var control = L.control({ position: "bottomleft" });
    control.onAdd = function () {
      var box = element("details", "xt-hint xt-key");
      box.open = map.getSize().x > 600;
      box.appendChild(element("summary", "", spec.heading));
      spec.entries.forEach(function (one) {
        var line = element("div", ""), patch = element("i", "");
        patch.style.background = one[0];
        line.appendChild(patch);
        line.appendChild(element("span", "", one[1]));
        box.appendChild(line);
      });
      L.DomEvent.disableClickPropagation(box);
      return box;
    };
    return control;
  }

  /* Single things as vector tiles: {url, field, colours, other, selected, min_zoom, hint, legend, many, bounds}. */
  own.tiles = function (spec) {
    function style(properties) {
      var colour = spec.colours[properties[spec.field]] || spec.other;
      var chosen = properties.id === spec.selected;
      return { fill: true, fillColor: colour, fillOpacity: 0.85, color: chosen ? "#111111" : "#45525a",
               opacity: chosen ? 1 : 0.7, weight: chosen ? 3 : 0.6, radius: chosen ? 8 : 5 };
    }
    var box = spec.bounds && [[spec.bounds[1], spec.bounds[0]], [spec.bounds[3], spec.bounds[2]]];
    var made = spec.many ? function (url, options) { return new Painted(url, options); } : L.vectorGrid.protobuf;
    var layer = made(spec.url, {
      rendererFactory: L.canvas.tile, interactive: true, minZoom: spec.min_zoom - 0.5, minNativeZoom: spec.min_zoom,
      maxNativeZoom: spec.max_zoom,
      maxZoom: 20, bounds: box || undefined, vectorTileLayerStyles: { things: style }
    });
    var hint = L.control({ position: "bottomleft" });
    hint.onAdd = function () { return element("div", "xt-hint", spec.hint); };
    function hinted() {
      var map = layer._map;
      if (map && map.getZoom() < spec.min_zoom - 0.5) hint.addTo(map); else hint.remove();
    }
    var legend = null;
    function told() {
      if (legend) legend.remove();
      legend = layer._map && layer._map.xtFaint && spec.legend ? key(spec.legend, layer._map).addTo(layer._map) : null;
    }
    /* Where nothing that can be clicked lies above, the place says which thing is meant. */
    function asked(event) {
      var on = event.originalEvent && event.originalEvent.target;
      if (layer._map.getZoom() < spec.min_zoom - 0.5 || (on && on.closest(".leaflet-interactive"))) return;
      var thing = { type: "Feature", properties: { kind: "tile" }, geometry: null };
      layer.fire("click", { latlng: event.latlng, layer: { toGeoJSON: function () { return thing; } } });
    }
    whenAdded(layer, function (map) {
      map.on("zoomend", hinted);
      map.on("xtfaint", told);
      told();
      if (spec.many) map.on("click", asked);
      hinted();
      map.xtFrom = spec.min_zoom - 0.5;
      map.fire("xtfrom");
      layer.once("remove", function () {
        map.off("zoomend", hinted);
        map.off("xtfaint", told);
        map.off("click", asked);
        hint.remove();
        if (legend) legend.remove();
        delete map.xtFrom;
      });
    });
    return layer;
  };
})();
