/* What a Leaflet map is to show stays in sight when the page gives it another size, until the reader moves it. */
function sight(map, box) {
  let wanted = null;
  let left = "";
  const place = () => {
    const centre = map.getCenter();
    return [centre.lat.toFixed(5), centre.lng.toFixed(5), map.getZoom()].join();
  };
  const show = () => {
    map.invalidateSize({ animate: false });
    map.fitBounds(wanted.bounds, { animate: false, ...wanted.options });
    left = place();
  };
  new ResizeObserver(() => {
    const still = wanted && left === place();
    map.invalidateSize({ animate: false });
    if (still) show();
  }).observe(box);
  return (bounds, options) => { wanted = { bounds, options }; show(); };
}
