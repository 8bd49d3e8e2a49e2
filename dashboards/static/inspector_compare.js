/* Two photos over each other with a slider between them; captions say time, distance and delay as facts. */
export default function (component) {
  const { data, parentElement } = component;
  const root = parentElement.querySelector(".inspector_compare");
  const mark = JSON.stringify(data.photos.map((one) => one.digest));
  if (root.dataset.mark === mark) return;
  root.dataset.mark = mark;
  const shown = { before: 0, after: data.photos.length - 1 };
  const frame = make("div", "frame");
  const captions = make("div", "captions");
  const picks = make("div", "picks");

  function image(at, side) {
    const made = make("img", side);
    made.src = `/photos/${data.photos[at].digest}/view.jpg`;
    made.alt = `${data.words[side]} ${data.photos[at].title}`;
    made.draggable = false;
    return made;
  }

  function caption(at, side) {
    const one = data.photos[at];
    const made = make("figcaption", side);
    made.append(make("b", "", data.photos.length > 1 ? data.words[side] : data.words.only), make("span", "", one.title));
    one.facts.forEach((fact) => made.append(make("span", fact.tone, fact.text)));
    return made;
  }

  function draw() {
    const one = data.photos.length < 2;
    const slider = make("input");
    slider.type = "range";
    slider.min = 0;
    slider.max = 100;
    slider.value = 50;
    slider.setAttribute("aria-label", data.words.slider);
    const line = make("i", "line");
    const move = () => {
      frame.style.setProperty("--at", `${slider.value}%`);
      slider.setAttribute("aria-valuetext", `${slider.value}% ${data.words.before}`);
    };
    slider.oninput = move;
    frame.replaceChildren(image(shown.after, "after"), ...(one ? [] : [image(shown.before, "before"), line, slider]));
    move();
    captions.replaceChildren(...(one ? [caption(shown.after, "after")] : [caption(shown.before, "before"), caption(shown.after, "after")]));
    if (data.photos.length > 2) picks.replaceChildren(choice("before"), choice("after"));
  }

  function choice(side) {
    const label = make("label", "", data.words[side]);
    const select = make("select");
    data.photos.forEach((one, at) => {
      const option = make("option", "", one.title);
      option.value = at;
      option.selected = at === shown[side];
      select.append(option);
    });
    select.onchange = () => { shown[side] = Number(select.value); draw(); };
    label.append(select);
    return label;
  }

  root.replaceChildren(frame, captions, picks);
  draw();
}
