/* What may be done to a site now: the steps of the reader's role; what a step demands is asked for before it is sent. */
/* Streamlit runs this from an address of its own, from which a bare path leads nowhere. */
const PHOTO = `${window.location.origin}/assets/own/mark_photo.js`;

function say(text, params) {
  return text.replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}

export default function (component) {
  const { data, parentElement, setTriggerValue } = component;
  const root = parentElement.querySelector(".inspector_act");
  const { words } = data;
  const asked = `${data.id}/${data.version}`;
  /* A rerun of the page must not take away what is being written, nor open again what is being sent. */
  if (root.dataset.asked === asked && (root.dataset.busy || root.querySelector("form, .conflict"))) return;
  root.dataset.asked = asked;
  delete root.dataset.busy;
  const buttons = make("div", "steps");
  const panel = make("div", "panel");
  const status = make("p", "status");
  status.setAttribute("role", "status");
  root.replaceChildren(buttons, panel, status);

  data.steps.forEach((step, at) => {
    const button = make("button", step.main && !data.steps.slice(0, at).some((one) => one.main) ? "step main" : "step", step.label);
    button.type = "button";
    button.dataset.to = step.to;
    button.onclick = () => (step.needs.length || step.may.length ? ask(step) : send(step, new FormData()));
    buttons.append(button);
  });

  function ask(step) {
    const form = make("form");
    form.noValidate = true;
    form.append(make("b", "", step.label));
    let photo = null;
    let working = null;
    const note = make("textarea");
    note.rows = 2;
    note.maxLength = 1000;
    const needsNote = step.needs.includes("note");
    const label = make("label", "", needsNote ? words.note_needed : words.note);
    label.append(note);
    form.append(label);
    const camera = make("input");
    const line = make("div", "row");
    const image = make("img");
    image.hidden = true;
    image.alt = words.photo;
    if (step.needs.includes("photo") || step.may.includes("photo")) {
      camera.type = "file";
      camera.accept = "image/*";
      camera.setAttribute("capture", "environment");
      camera.tabIndex = -1;
      const take = make("button", "", step.needs.includes("photo") ? words.photo_needed : words.photo);
      take.type = "button";
      take.className = "photo";
      take.onclick = () => camera.click();
      camera.onchange = () => {
        const file = camera.files[0];
        if (!file) return;
        status.textContent = words.photo_working;
        working = import(PHOTO).then(({ prepare }) => prepare(file)).then((made) => {
          photo = made.blob;
          image.src = URL.createObjectURL(photo);
          image.hidden = false;
          status.textContent = "";
        }).catch(() => { status.textContent = words.photo_failed; });
      };
      line.append(take, image, camera);
      form.append(line);
    }
    const row = make("div", "row");
    const go = make("button", "main", words.send);
    go.type = "submit";
    const stop = make("button", "", words.cancel);
    stop.type = "button";
    stop.onclick = () => { panel.replaceChildren(); status.textContent = ""; };
    row.append(go, stop);
    form.append(row);
    form.onsubmit = async (event) => {
      event.preventDefault();
      await working;
      if (needsNote && !note.value.trim()) { status.textContent = words.note_missing; note.focus(); return; }
      if (step.needs.includes("photo") && !photo) { status.textContent = words.photo_missing; return; }
      const given = new FormData();
      if (note.value.trim()) given.append("note", note.value.trim());
      if (photo) given.append("photo", photo, "photo");
      send(step, given);
    };
    panel.replaceChildren(form);
    status.textContent = "";
    (needsNote ? note : form.querySelector("button")).focus();
  }

  async function send(step, given) {
    if (root.dataset.busy) return;
    root.dataset.busy = "yes";
    root.querySelectorAll("button").forEach((one) => { one.disabled = true; });
    status.className = "status";
    status.textContent = words.sending;
    given.append("id", data.id);
    given.append("act", step.act);
    given.append("to", step.to);
    given.append("base_version", String(data.version));
    let problem = root.querySelector("form") ? words.no_network : words.no_network_step;
    let taken = false;
    try {
      const headers = { "x-xiangtu-token": await token() };
      const answer = await fetch("/mark/act", { method: "POST", body: given, headers, credentials: "same-origin", redirect: "manual" });
      if (answer.ok) {
        /* The buttons stay shut until the page brings those of the next stage. */
        taken = true;
        panel.replaceChildren();
        status.textContent = words.done;
        setTriggerValue("done", String(Date.now()));
        return;
      }
      const said = await answer.json().catch(() => null);
      const out = answer.status === 401 || answer.type === "opaqueredirect";
      problem = out ? words.sign_in : said ? said[data.lang] : words.failed;
      if (answer.status === 409) { conflict(said, step, given); problem = ""; }
      else if (out) signIn();
    } catch {
      /* The network is gone: what was written stays in the form. */
    } finally {
      if (!taken) {
        delete root.dataset.busy;
        root.querySelectorAll("button").forEach((one) => { one.disabled = false; });
      }
    }
    status.className = "status bad";
    status.textContent = problem;
  }

  /* What shows the server that this page sends it; after signing in again another, if it is the same account. */
  async function token() {
    if (!root.dataset.out) return data.token;
    const answer = await fetch(`${window.location.origin}/mark/setup`, { credentials: "same-origin", redirect: "manual", cache: "no-store" });
    const told = answer.ok ? await answer.json() : null;
    return told && told.account === data.account ? told.token : data.token;
  }

  /* Signed out meanwhile: what was written stays, the way in opens beside it. */
  function signIn() {
    root.dataset.out = "yes";
    if (panel.querySelector("a.sign_in")) return;
    const link = make("a", "sign_in", words.sign_in_link);
    link.href = `${window.location.origin}/sign-in?to=${encodeURIComponent(window.location.pathname + window.location.search)}&lang=${data.lang}`;
    link.target = "_blank";
    panel.append(link);
  }

  /* Somebody was quicker: both versions side by side, and nothing is lost. */
  function conflict(said, step, given) {
    const box = make("div", "conflict");
    box.setAttribute("role", "alert");
    /* What could be done before is no longer what can be done. */
    buttons.replaceChildren();
    const theirs = make("div");
    const { by = "", at = "", theirs: stage = "" } = said?.params || {};
    const other = by ? say(words.theirs_said, { by, at, stage: data.stages[stage] || stage }) : said?.[data.lang] || "";
    theirs.append(make("b", "", words.theirs), make("p", "", other));
    const mine = make("div");
    mine.append(make("b", "", words.mine), make("p", "", [step.label, given.get("note")].filter(Boolean).join(" · ")));
    const again = make("button", "main", words.reload);
    again.type = "button";
    again.onclick = () => { root.dataset.asked = ""; delete root.dataset.busy; panel.replaceChildren(); setTriggerValue("done", String(Date.now())); };
    box.append(theirs, mine);
    panel.replaceChildren(box, again);
  }
}
