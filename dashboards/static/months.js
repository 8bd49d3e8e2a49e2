/* The months of two years over a map: choose one, or play them. While playing the colours and labels of the map
   change, and with them the table and the figures; the page is told where it stopped. */
export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".months");
  window.clearInterval(root.xtTimer);
  root.replaceChildren();
  const last = data.days.length - 1;
  let at = data.at;
  const play = make("button", "play");
  play.type = "button";
  const range = make("input", "");
  range.type = "range";
  range.min = 0; range.max = last; range.step = 1; range.value = at;
  range.setAttribute("aria-label", data.label);
  const shown = make("output", "");
  const ends = make("div", "ends");
  ends.append(make("span", "", data.labels[0]), make("span", "", data.labels[last]));
  const track = make("div", "track");
  track.append(range, ends);

  const map = () => document.querySelector(data.map + " iframe");
  /* What stays as of the chosen day steps back while another month is shown. */
  const then = (other) => document.body.classList.toggle("xt-then", other);
  then(false);
  const draw = () => {
    range.value = at;
    then(at !== data.at);
    range.setAttribute("aria-valuetext", data.labels[at]);
    shown.textContent = data.labels[at];
    const frame = data.frames[at];
    const there = map() && map().contentWindow && map().contentWindow.xiangtu;
    if (frame && there && there.repaint) there.repaint(frame.areas, data.heading);
    /* The table and the figures follow; the day stands beside the map. */
    document.dispatchEvent(new CustomEvent("xiangtu-month", { detail: at === data.at ? null : frame }));
    const said = document.querySelector(".xt-maphead span");
    if (frame && said) said.textContent = frame.made;
  };
  const tell = () => { if (data.days[at] !== data.days[data.at]) setTriggerValue("picked", data.days[at]); };
  const playing = () => root.xtTimer !== undefined && root.xtTimer !== null;
  const face = () => {
    play.textContent = playing() ? "❚❚" : "▶";
    play.setAttribute("aria-label", playing() ? data.pause : data.play);
    play.title = playing() ? data.pause : data.play;
    play.setAttribute("aria-pressed", String(playing()));
  };
  const stop = () => { window.clearInterval(root.xtTimer); root.xtTimer = null; face(); };
  const start = () => {
    if (at === last) at = 0;
    draw();
    root.xtTimer = window.setInterval(() => {
      if (at >= last) { stop(); tell(); return; }
      at += 1;
      draw();
    }, data.pace_ms);
    face();
  };
  play.onclick = () => { if (playing()) { stop(); tell(); } else start(); };
  range.oninput = () => { stop(); at = Number(range.value); draw(); };
  range.onchange = () => { at = Number(range.value); tell(); };
  /* A page that is drawn anew goes on playing where it was. */
  const resume = playing();
  window.clearInterval(root.xtTimer);
  root.xtTimer = null;
  face();
  if (resume) window.setTimeout(start, 0);
  shown.textContent = data.labels[at];
  range.setAttribute("aria-valuetext", data.labels[at]);
  root.append(play, track, shown);
  return () => { window.clearInterval(root.xtTimer); then(false); };
}
