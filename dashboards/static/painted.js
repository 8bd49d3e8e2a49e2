/* Tiles of very many things: painted beside the page by painter.js, and of the things none is kept in the page. */
(function () {
  "use strict";
  if (!window.L) return;

  /* The tiles painted last: a click draws the map anew, and a reader zooms back and forth. */
  var kept = new Map(), KEPT_PIXELS = 12e6;
  function keep(name, canvas) {
    kept.set(name, canvas);
    while (kept.size * canvas.width * canvas.height > KEPT_PIXELS) kept.delete(kept.keys().next().value);
  }

  /* Who waits for which tile; the painter is begun with the first. */
  var painter = null, asked = 0, waiting = new Map();
  function ask(order, told) {
    if (!painter) {
      painter = new Worker("/assets/own/painter.js");
      painter.onmessage = function (event) {
        var who = waiting.get(event.data.name);
        waiting.delete(event.data.name);
        if (who) who(event.data);
      };
    }
    asked += 1;
    waiting.set(asked, told);
    painter.postMessage(Object.assign({ name: asked }, order));
    return asked;
  }
  function drop(name) {
    if (waiting.delete(name)) painter.postMessage({ drop: name });
  }

  var Painted = L.GridLayer.extend({
    initialize: function (url, options) {
      this._url = url;
      L.setOptions(this, options);
      this.on("tileunload", function (event) { drop(event.tile.xtAsked); });
    },
    createTile: function (coords, done) {
      var canvas = L.DomUtil.create("canvas", "xt-painted"), fine = window.devicePixelRatio || 1;
      var context = canvas.getContext("2d"), size = Math.round(this.getTileSize().x * fine);
      var url = new URL(L.Util.template(this._url, coords), document.baseURI).href, name = url + " " + size;
      canvas.width = canvas.height = size;
      function made(from) {
        context.drawImage(from, 0, 0);
        canvas.xtThings = from.xtThings;
        done(null, canvas);
      }
      if (kept.has(name)) {
        window.setTimeout(function () { made(kept.get(name) || canvas); }, 0);
        return canvas;
      }
      canvas.xtAsked = ask({ url: url, size: size, look: this.options.look }, function (answer) {
        if (answer.error) return done(new Error(answer.error), canvas);
        answer.bitmap.xtThings = answer.things;
        made(answer.bitmap);
        answer.bitmap.close();
        keep(name, canvas);
      });
      return canvas;
    }
  });

  /* The layer, or null in a browser that cannot paint beside the page. */
  window.xiangtuPainted = function (url, options) {
    return window.Worker && window.OffscreenCanvas ? new Painted(url, options) : null;
  };
})();
