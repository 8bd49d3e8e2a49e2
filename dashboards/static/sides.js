/* Maps and the county they are of: none is zoomed out until the county is lost, and two that stand side by side and
   show the same area move together. */
(function () {
  "use strict";
  if (window.xiangtuSides) return;
  var own = {}, page = window.parent;
  window.xiangtuSides = own;

  /* So far out, and no farther: the whole county with about as much around it. */
  function farthest(map, bounds) {
    function least() {
      if (map.getSize().x < 100 || map.getSize().y < 100) return;
      /* Set as an option: the function for it would move the map while it goes elsewhere. */
      map.options.minZoom = Math.max(6, Math.floor(4 * (map.getBoundsZoom(bounds) - 1.25)) / 4);
      map.fire("zoomlevelschange");
    }
    map.on("resize", least);
    map.whenReady(least);
  }

  function others(map) {
    var beside = (page.xiangtuMaps || []).filter(function (one) { return one.frame.isConnected; });
    page.xiangtuMaps = beside;
    return beside.filter(function (one) {
      return one.map !== map && one.map.xtWanted && map.xtWanted && one.map.xtWanted.key === map.xtWanted.key;
    });
  }

  function together(map, frame) {
    var asked = 0;
    page.xiangtuMaps = (page.xiangtuMaps || []).concat({ map: map, frame: frame });
    function lead() {
      asked = 0;
      others(map).forEach(function (one) {
        if (one.map.getZoom() === map.getZoom() && one.map.getCenter().distanceTo(map.getCenter()) < 1) return;
        one.map.xtLed = true;
        one.map.setView(map.getCenter(), map.getZoom(), { animate: false });
        one.map.xtLed = false;
      });
    }
    map.on("move zoomend", function () {
      if (!map.xtLed && map.xtHeld && !asked) asked = window.requestAnimationFrame(lead);
    });
    /* Only who is held leads: what the page does to a map is done to each of them. */
    ["pointerdown", "wheel", "keydown"].forEach(function (name) {
      map.getContainer().addEventListener(name, function () {
        others(map).forEach(function (one) { one.map.xtHeld = false; });
        map.xtHeld = true;
      }, { capture: true, passive: true });
    });
  }

  own.join = function (map, bounds) {
    if (bounds) farthest(map, bounds);
    var frame = window.frameElement;
    if (frame && frame.closest("[class*=st-key-map_side_]")) together(map, frame);
  };
})();
