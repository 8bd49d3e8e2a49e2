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
    pointed(map);
    map.invalidateSize({ animate: false });
    if (wanted.thing) {
      if (before && !before.thing) map.xtBack = { key: before.key };
      if (before && (map.xtPointed || seen(map, wanted.bounds))) return;
      if (map.xtBack && !map.xtBack.centre) Object.assign(map.xtBack, { centre: map.getCenter(), zoom: map.getZoom() });
      show(map, Boolean(before));
      return;
    }
    delete map.xtBack;
    if (!back || back.key !== wanted.key) show(map, Boolean(before));
    else if (back.centre) map.setView(back.centre, back.zoom, { animate: true, duration: 0.4 });
  }

  /* Who pointed at a thing on the map knows where it is; until something beside the map is used. */
  function pointed(map) {
    if (map.xtPointed !== undefined) return;
    map.xtPointed = false;
    map.getContainer().addEventListener("click", function (event) {
      map.xtPointed = !event.target.closest(".leaflet-control");
    }, true);
    window.addEventListener("blur", function () { map.xtPointed = false; });
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
      var chosen = Boolean(spec.selected) && properties.id === spec.selected;
      return { fill: true, fillColor: colour, fillOpacity: 0.85, color: chosen ? "#111111" : "#45525a",
               opacity: chosen ? 1 : 0.7, weight: chosen ? 3 : 0.6, radius: chosen ? 8 : 5 };
    }
    var box = spec.bounds && [[spec.bounds[1], spec.bounds[0]], [spec.bounds[3], spec.bounds[2]]];
    var options = {
      minZoom: spec.min_zoom - 0.5, minNativeZoom: spec.min_zoom, maxNativeZoom: spec.max_zoom, maxZoom: 20,
      bounds: box || undefined
    };
    var look = Object.assign({ field: spec.field, colours: spec.colours, other: spec.other }, style({}));
    var layer = (spec.many && window.xiangtuPainted(spec.url, Object.assign({ look: look }, options))) ||
      L.vectorGrid.protobuf(spec.url, Object.assign({
        rendererFactory: L.canvas.tile, interactive: true, vectorTileLayerStyles: { things: style }
      }, options));
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
