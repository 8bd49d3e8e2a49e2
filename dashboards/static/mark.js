/* The form on which a site is marked. What is tapped is kept in this browser first and sent from there. */
import { prepare } from "/assets/own/mark_photo.js";
import { draw } from "/assets/own/mark_map.js";

const told = JSON.parse(document.getElementById("told").textContent);
const { lang } = told;
const { drafts, kept, setup, send, onchange } = self.xiangtuDrafts;
const $ = (id) => document.getElementById(id);
const FRESH_FORM_MS = 15 * 60_000;
const NEAR_SHOWN_M = 50;
const EVERY_MS = 60_000;
const SITES_MS = 10 * 60_000;
const SITES_M = 1_000;

function say(key, params = {}) {
  return (told.words[key] || key).replace(/\{(\w+)\}/g, (whole, name) => params[name] ?? whole);
}

function make(tag, className, text) {
  const made = document.createElement(tag);
  if (className) made.className = className;
  if (text !== undefined) made.textContent = text;
  return made;
}

const form = {
  position: null, category: null, kind: null, kindBy: null, same: null, notSame: new Set(), photo: null, working: null,
  bareAllowed: false,
};
const known = { setup: null, areas: null, sites: null, spot: null, device: null, map: null, trouble: null };

/* --- where --- */

function metres(a, b) {
  const north = (b.lat - a.lat) * 111_320;
  const east = (b.lon - a.lon) * 111_320 * Math.cos((a.lat * Math.PI) / 180);
  return Math.hypot(north, east);
}

function inside(rings, lon, lat) {
  let odd = false;
  for (const ring of rings) {
    for (let k = 0, j = ring.length - 1; k < ring.length; j = k, k += 1) {
      const [x, y] = ring[k];
      const [u, v] = ring[j];
      if (y > lat !== v > lat && lon < ((u - x) * (lat - y)) / (v - y) + x) odd = !odd;
    }
  }
  return odd;
}

/* Township and village by the outlines kept in this browser: at once, and in a dead zone. */
function ownSpot({ lon, lat }) {
  const near = ownNear({ lon, lat });
  if (!known.areas) return near.length ? { township: null, village: null, inside: true, own: true, near } : null;
  const village = known.areas.villages.find((one) => inside(one.rings, lon, lat));
  const township = known.areas.townships.find((one) => (village ? one.code === village.parent : inside(one.rings, lon, lat)));
  return { township: township?.name ?? null, village: village?.name ?? null, inside: Boolean(township || village), own: true, near };
}

/* Open sites near by, of those kept in this browser for the account that is signed in here. */
function ownNear(place) {
  if (!known.sites || known.sites.account !== known.setup?.account) return [];
  return known.sites.sites
    .map((one) => ({ ...one, distance_m: metres(place, one) }))
    .filter((one) => one.distance_m <= NEAR_SHOWN_M)
    .sort((a, b) => a.distance_m - b.distance_m);
}

/* Keep the open sites around for a dead zone; asked for anew after some minutes or a kilometre. */
async function learnSites() {
  const { position } = form;
  if (!position || !known.setup) return;
  const old = known.sites;
  const fresh = old && old.account === known.setup.account && Date.now() - old.when < SITES_MS && metres(old.at, position) < SITES_M;
  if (fresh || known.askingSites) return;
  known.askingSites = true;
  try {
    const at = { lon: position.lon, lat: position.lat };
    const answer = await fetch(`/mark/sites?lon=${at.lon.toFixed(6)}&lat=${at.lat.toFixed(6)}`, { redirect: "manual" });
    if (!answer.ok) return;
    known.sites = { ...(await answer.json()), at, when: Date.now() };
    await kept.put("sites", known.sites);
  } catch {
    /* Those of before have to do. */
  } finally {
    known.askingSites = false;
  }
}

function setPosition(position) {
  const before = form.position;
  form.position = position;
  if (known.map) known.map.place(position);
  if (!before || metres(before, position) > 8) {
    known.spot = ownSpot(position);
    showNear();
    askWhere();
    learnSites();
  }
  showPlace();
  keepForm();
}

let asking = null;
async function askWhere() {
  asking?.abort();
  asking = new AbortController();
  const { lon, lat } = form.position;
  const mine = asking;
  try {
    const answer = await fetch(`/mark/where?lon=${lon.toFixed(6)}&lat=${lat.toFixed(6)}`, { signal: mine.signal, redirect: "manual" });
    if (mine !== asking) return;
    if (!answer.ok) throw new Error("no answer");
    known.spot = await answer.json();
    known.unanswered = false;
    showPlace();
    showNear();
  } catch {
    /* Without network the outlines kept here have to do. */
    if (mine !== asking) return;
    known.unanswered = true;
    if (known.spot) known.spot.alone = true;
    showPlace();
  }
}

function showPlace() {
  const { position } = form;
  const spot = known.spot;
  const area = $("area");
  const fix = $("fix");
  const words = [spot?.township, spot?.village].filter(Boolean).join(" · ");
  area.className = spot && !spot.inside ? "bad" : "";
  if (!position) {
    area.textContent = known.trouble ? say("no_position") : say("locating");
    fix.textContent = known.trouble || "";
  } else {
    area.textContent = spot && !spot.inside ? say("outside") : words || say("unknown_area");
    const parts = [say(`by_${position.by}`)];
    if (position.by === "device") parts.push(position.accuracy > 50 ? say("coarse", { metres: Math.round(position.accuracy) }) : say("accuracy", { metres: Math.round(position.accuracy) }));
    if (spot?.alone && words) parts.push(say("offline_area"));
    if (spot && !spot.own && spot.inside && spot.may_add === false) {
      area.className = "bad";
      parts.push(say("may_not"));
    }
    fix.textContent = parts.join(" · ");
  }
  showKind();
}

function kindNow() {
  if (form.kind) return { value: form.kind, basis: say("basis_chosen") };
  const guess = known.spot?.guess;
  if (!guess?.value) return null;
  return { value: guess.value, basis: `${say("guess")}${lang === "zh" ? "：" : ": "}${say(`basis_${guess.basis}`, guess.params)}`, guessed: true };
}

/* Why no kind of place is proposed: nothing without an answer of the server, which knows towns, roads and fields. */
function noKind() {
  if (!form.position) return say("kind_no_position");
  if (known.spot && !known.spot.inside) return "";
  if (known.spot?.guess) return say(`basis_${known.spot.guess.basis}`, known.spot.guess.params);
  return navigator.onLine && !known.unanswered ? say("kind_asking") : say("kind_offline");
}

function showKind() {
  const now = kindNow();
  const choices = known.setup?.place_kinds || [];
  const label = choices.find((one) => one.value === now?.value);
  const line = $("kind");
  line.replaceChildren(make("span", "dim", `${say("place_kind")} `), make("b", "", label ? label[lang] : "—"));
  line.append(make("span", "dim", ` ${now ? now.basis : noKind()}`));
  const box = $("kinds");
  box.replaceChildren(...choices.map((one) => {
    const button = make("button", "chip", one[lang]);
    button.type = "button";
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(one.value === now?.value));
    button.onclick = () => { form.kind = one.value; toggle($("kind_toggle"), box, false); showKind(); keepForm(); };
    return button;
  }));
}

function toggle(button, box, open = box.hidden) {
  box.hidden = !open;
  button.setAttribute("aria-expanded", String(open));
}

async function openMap(open) {
  toggle($("map_toggle"), $("map_box"), open);
  $("map_toggle").textContent = say(open ? "close_map" : "open_map");
  if (!open || known.map) return;
  try {
    known.map = await draw($("map"), (lon, lat) => setPosition({ lon, lat, by: "map", accuracy: null }), known.setup?.ground);
  } catch {
    return;
  }
  if (known.areas) known.map.areas(known.areas);
  known.map.place(form.position);
  known.map.sites(known.spot?.near || []);
}

function watchDevice() {
  if (!window.isSecureContext || !navigator.geolocation) {
    trouble(say("insecure"));
    return;
  }
  const found = ({ coords }) => {
    known.device = { lon: coords.longitude, lat: coords.latitude, accuracy: coords.accuracy, by: "device" };
    known.trouble = null;
    if (!form.position || form.position.by === "device") setPosition(known.device);
    showPhotoPlace();
  };
  const failed = (error) => { if (!form.position && error.code === 1) trouble(say("denied")); };
  navigator.geolocation.watchPosition(found, failed, { enableHighAccuracy: true, maximumAge: 5_000, timeout: 30_000 });
}

function trouble(text) {
  known.trouble = text;
  showPlace();
  openMap(true);
}

/* --- what --- */

function showCategories() {
  const box = $("categories");
  const groups = known.setup?.groups;
  if (!groups) {
    box.replaceChildren(make("p", "hint", say("no_setup")));
    return;
  }
  const buttons = groups.flatMap((group) => group.choices.map((one) => {
    const button = make("button", "choice", one[lang]);
    if (group[lang]) button.append(make("small", "", group[lang]));
    button.type = "button";
    button.dataset.value = one.value;
    button.setAttribute("role", "radio");
    button.setAttribute("aria-checked", String(form.category === one.value));
    button.onclick = () => {
      form.category = one.value;
      form.same = null;
      note("");
      showCategories();
      showNear();
      keepForm();
    };
    return button;
  }));
  box.replaceChildren(...buttons);
  $("groups_note").textContent = known.setup.groups_confirmed ? say("more_used") : `${say("more_used")} · ${say("groups_unconfirmed")}`;
}

function nearest() {
  const limits = known.setup?.same_m || {};
  const limit = limits[form.category] ?? limits[""] ?? 30;
  return (known.spot?.near || []).find(
    (one) => one.category === form.category && one.distance_m <= limit && !form.notSame.has(one.id));
}

function showNear() {
  if (known.map) known.map.sites(known.spot?.near || []);
  const box = $("near");
  const one = form.category ? nearest() : null;
  const parts = [];
  if (one && form.same !== one.id) {
    parts.push(make("b", "", say("near", { metres: Math.round(one.distance_m) })));
    parts.push(make("span", "dim", [labelOf(one.category), one.address, one.stage?.[lang]].filter(Boolean).join(" · ")));
    parts.push(make("span", "dim id", one.id));
    const row = make("div", "row");
    const yes = make("button", "grow", say("same"));
    const no = make("button", "grow", say("not_same"));
    yes.type = no.type = "button";
    yes.id = "same_yes";
    yes.onclick = () => { form.same = one.id; showNear(); };
    no.onclick = () => { form.notSame.add(one.id); showNear(); };
    row.append(yes, no);
    parts.push(row);
  } else if (one) {
    const row = make("div", "row");
    const back = make("button", "", say("not_same"));
    back.type = "button";
    back.onclick = () => { form.same = null; form.notSame.add(one.id); showNear(); };
    row.append(make("b", "grow", say("is_same", { site: [labelOf(one.category), one.address || one.id].filter(Boolean).join(" · ") })), back);
    parts.push(row);
  } else if (known.spot?.near?.length && !form.category) {
    parts.push(make("span", "dim", say("near_some", { metres: NEAR_SHOWN_M, count: known.spot.near.length })));
  }
  box.hidden = !parts.length;
  box.replaceChildren(...parts);
  $("save").textContent = say(form.same ? "save_look" : "save");
}

/* --- photo --- */

function takePhoto(file) {
  if (!file) return;
  const said = $("picture_said");
  $("picture").hidden = false;
  $("preview").removeAttribute("src");
  said.textContent = say("photo_working");
  const work = prepare(file).then((made) => {
    if (form.working !== work) return;
    if (made.blob.size > told.most_mb * 2 ** 20) throw new Error("too large");
    form.photo = made;
    URL.revokeObjectURL($("preview").src);
    $("preview").src = URL.createObjectURL(made.blob);
    const when = made.taken_at ? ` · ${say("photo_time", { time: made.taken_at })}` : "";
    said.textContent = say("photo_ready", { kb: Math.round(made.blob.size / 1024).toLocaleString() }) + when;
    $("photo_label").textContent = say("photo_again");
    $("thumb").src = $("preview").src;
    $("thumb").hidden = false;
    if (made.lon !== undefined && !form.position) setPosition({ lon: made.lon, lat: made.lat, by: "photo", accuracy: null });
    showPhotoPlace();
  }).catch((error) => {
    if (form.working !== work) return;
    dropPhoto();
    note(error.message === "too large" ? say("photo_too_large", { mb: told.most_mb }) : say("photo_failed"), "bad");
  }).finally(() => { if (form.working === work) form.working = null; });
  form.working = work;
}

function dropPhoto() {
  form.photo = null;
  form.working = null;
  URL.revokeObjectURL($("preview").src);
  $("preview").removeAttribute("src");
  $("picture").hidden = true;
  $("camera").value = "";
  $("photo_label").textContent = say("photo");
  $("thumb").hidden = true;
  $("thumb").removeAttribute("src");
  showPhotoPlace();
}

function showPhotoPlace() {
  const button = $("use_photo");
  button.hidden = form.photo?.lon === undefined;
  if (button.hidden) return;
  const apart = form.position ? Math.round(metres(form.position, form.photo)) : 0;
  button.textContent = say("use_photo", { metres: apart.toLocaleString() });
  button.onclick = () => setPosition({ lon: form.photo.lon, lat: form.photo.lat, by: "photo", accuracy: null });
}

/* --- saving --- */

function note(text, tone = "") {
  const box = $("notice");
  box.className = tone;
  box.textContent = text;
  if (text) box.scrollIntoView({ block: "nearest" });
}

function newId() {
  const bytes = crypto.getRandomValues(new Uint8Array(16));
  return Array.from(bytes, (one) => one.toString(16).padStart(2, "0")).join("");
}

let saving = false;
let latest = null;
async function save() {
  if (saving) return;
  if (known.setup && !known.setup.may_add && !form.same) {
    note(say("may_not_add", { account: known.setup.account }), "bad");
    return;
  }
  if (!form.category && !form.same) {
    note(say("need_category"), "bad");
    $("categories").scrollIntoView({ block: "center" });
    return;
  }
  if (!form.position) {
    note(say("need_position"), "bad");
    openMap(true);
    return;
  }
  saving = true;
  $("save").disabled = true;
  try {
    if (form.working) await form.working;
    if (!form.photo && !form.bareAllowed) {
      form.bareAllowed = true;
      note(say("need_photo"), "bad");
      return;
    }
    const { position, photo } = form;
    const seen = form.same ? (known.spot?.near || []).find((one) => one.id === form.same) : null;
    const draft = {
      client_id: newId(), account: known.setup.account, marked_at: new Date().toISOString(), state: "waiting", reason: null,
      lon: position.lon, lat: position.lat, accuracy_m: position.accuracy, position_by: position.by,
      category: form.category, place_kind: kindNow()?.value ?? null, kind_guessed: Boolean(kindNow()?.guessed), description: $("describe").value.trim(), same_as: form.same, same: seen ? { category: seen.category, address: seen.address } : null,
      area: $("area").textContent, photo: photo ? await photo.blob.arrayBuffer() : null, photo_type: photo?.blob.type || "image/jpeg",
      photo_taken_at: photo?.taken_at ?? null, photo_lon: photo?.lon ?? null, photo_lat: photo?.lat ?? null,
    };
    try {
      await drafts.put(draft);
    } catch {
      note(say("storage_failed"), "bad");
      return;
    }
    /* Asked for once something is worth keeping: else the phone may throw drafts away when it is full. */
    navigator.storage?.persist?.().catch(() => {});
    clearForm();
    latest = draft.client_id;
    note(say("saved"), "good");
    await showDrafts();
    registerSync();
    send();
  } finally {
    saving = false;
    $("save").disabled = false;
  }
}

function clearForm() {
  Object.assign(form, { category: null, kind: null, same: null, notSame: new Set(), bareAllowed: false, position: known.device || null });
  $("describe").value = "";
  dropPhoto();
  showCategories();
  showNear();
  if (form.position) { known.spot = ownSpot(form.position); askWhere(); }
  showPlace();
  openMap(!form.position && Boolean(known.trouble));
  keepForm();
}

/* The camera may cost a phone so much memory that the page is thrown away meanwhile. */
function keepForm() {
  const { category, kind, position } = form;
  kept.put("form", { at: Date.now(), category, kind, position, description: $("describe").value }).catch(() => {});
}

async function restoreForm() {
  const before = await kept.get("form").catch(() => null);
  if (!before || Date.now() - before.at > FRESH_FORM_MS) return;
  form.category = before.category;
  form.kind = before.kind;
  $("describe").value = before.description || "";
  if (before.position?.by === "map") setPosition(before.position);
}

async function registerSync() {
  try {
    const registration = await navigator.serviceWorker.ready;
    await registration.sync.register("xiangtu-mark");
  } catch {
    /* Where there is none, `online`, opening the page and the minute do it. */
  }
}

/* --- drafts --- */

function age(moment) {
  const minutes = Math.round((Date.now() - Date.parse(moment)) / 60_000);
  if (minutes < 1) return say("just_now");
  if (minutes < 60) return say("minutes_ago", { count: minutes });
  const at = new Date(moment);
  const two = (number) => String(number).padStart(2, "0");
  return `${two(at.getMonth() + 1)}-${two(at.getDate())} ${two(at.getHours())}:${two(at.getMinutes())}`;
}

function reasonOf(one) {
  if (one.state === "refused") return one.refusal?.[lang] || "";
  if (one.state === "sent") {
    const near = one.near?.[0];
    const parts = [one.again ? say("again") : "", near ? say("near_after", { metres: Math.round(near.distance_m) }) : ""];
    return parts.filter(Boolean).join(" · ");
  }
  return one.reason ? say(`reason_${one.reason}`, { account: one.account }) : "";
}

const pictures = new Map();
function pictureOf(one) {
  if (!one.photo) return null;
  if (!pictures.has(one.client_id)) {
    pictures.set(one.client_id, URL.createObjectURL(new Blob([one.photo], { type: one.photo_type })));
  }
  return pictures.get(one.client_id);
}

function labelOf(value) {
  const choices = (known.setup?.groups || []).flatMap((group) => group.choices);
  return choices.find((one) => one.value === value)?.[lang] || value || "";
}

function kindLabel(value) {
  return (known.setup?.place_kinds || []).find((one) => one.value === value)?.[lang] || "";
}

/* What a draft is of: its category, or of another look that of the site it was added to. */
function whatOf(one) {
  return one.same_as ? [say("look"), labelOf(one.same?.category)].filter(Boolean).join(" · ") : labelOf(one.category);
}

/* Where it is, and the kind of place, which says when it was only guessed. */
function whereOf(one) {
  const kind = one.same_as ? "" : kindLabel(one.place_kind);
  return [one.same?.address || one.area, kind && one.kind_guessed ? say("kind_guessed", { kind }) : kind].filter(Boolean).join(" · ");
}

async function showDrafts() {
  const all = await drafts.all().catch(() => []);
  const waiting = all.filter((one) => one.state !== "sent");
  const net = $("net");
  net.textContent = [navigator.onLine ? say("online") : say("offline"), waiting.length ? say("waiting", { count: waiting.length }) : ""].filter(Boolean).join(" · ");
  net.classList.toggle("off", !navigator.onLine);
  net.classList.toggle("some", waiting.length > 0);
  $("drafts").hidden = !all.length;
  const shown = new Set(all.map((one) => one.client_id));
  for (const [id, address] of pictures) if (!shown.has(id)) { URL.revokeObjectURL(address); pictures.delete(id); }
  $("draft_list").replaceChildren(...all.map(line));
  const mine = all.find((one) => one.client_id === latest);
  if (mine?.state === "sent" || mine?.state === "refused") {
    latest = null;
    if (mine.state === "refused") note(reasonOf(mine), "bad");
    else note([say("sent", { what: [whatOf(mine), whereOf(mine)].filter(Boolean).join(" · ") }), reasonOf(mine)].filter(Boolean).join(" · "), "good");
  }
  if (waiting.some((one) => one.reason === "sign_in")) signIn();
}

/* When it was marked, and of what has arrived its number, small, as the way to it. */
function when(one) {
  const row = make("div", "row when");
  row.append(make("span", "dim grow", age(one.marked_at)));
  if (one.state !== "sent") return row;
  row.append(linkTo(one.id));
  return row;
}

function linkTo(id) {
  const link = make("a", "id", id);
  link.href = `/?page=inspector&thing=${encodeURIComponent(id)}&lang=${lang}`;
  link.setAttribute("aria-label", say("open_site", { id }));
  return link;
}

function line(one) {
  const made = make("li", one.state);
  made.dataset.id = one.client_id;
  /* On a shared phone another's photo is nobody's business. */
  const picture = known.setup && one.account !== known.setup.account ? null : pictureOf(one);
  if (picture) {
    const image = make("img");
    image.src = picture;
    image.alt = say("photo");
    made.append(image);
  }
  const text = make("div", "grow");
  const head = make("div", "row");
  head.append(make("b", "grow", whatOf(one)), make("span", "state", say(`state_${one.state}`)));
  text.append(head, make("span", "dim", whereOf(one)), when(one));
  const reason = reasonOf(one);
  if (reason) text.append(make("span", "reason", reason));
  if (one.state === "sent" && one.near?.length) text.append(linkTo(one.near[0].id));
  if (one.state !== "sent" && one.state !== "sending") {
    const row = make("div", "row");
    const again = make("button", "grow", say("retry"));
    const away = make("button", "grow quiet", say("discard"));
    again.type = away.type = "button";
    again.onclick = async () => { await drafts.put({ ...one, state: "waiting", reason: null }); await showDrafts(); send(); };
    away.onclick = () => discard(one);
    row.append(again, away);
    text.append(row);
  }
  made.append(text);
  return made;
}

function discard(one) {
  const ask = $("ask");
  ask.returnValue = "keep";
  ask.onclose = async () => {
    if (ask.returnValue !== "discard") return;
    await drafts.remove(one.client_id);
    showDrafts();
  };
  ask.showModal();
}

function signIn() {
  const box = $("notice");
  if (box.querySelector("a")) return;
  box.className = "bad";
  const link = make("a", "", say("sign_in"));
  link.href = `/sign-in?to=${encodeURIComponent(`/mark?lang=${lang}`)}&lang=${lang}`;
  box.replaceChildren(document.createTextNode(`${say("reason_sign_in")} `), link);
}

/* --- beginning --- */

async function learn() {
  const now = await setup();
  if (now === false) { signIn(); return; }
  if (now) {
    known.setup = now;
    if ($("notice").querySelector("a")) note("");
    showCategories();
    showKind();
    showNear();
    if (!now.may_add) note(say("may_not_add", { account: now.account }), "bad");
    if (known.unanswered) askWhere();
  }
  learnSites();
  const address = (known.setup || {}).areas;
  if (!address || known.areasFrom === address) return;
  try {
    const answer = await fetch(address, { redirect: "manual" });
    if (!answer.ok) return;
    known.areas = await answer.json();
    known.areasFrom = address;
    await kept.put("areas", { address, areas: known.areas });
    if (known.map) known.map.areas(known.areas);
    if (form.position && (!known.spot || known.spot.own)) { known.spot = ownSpot(form.position); showPlace(); }
  } catch {
    /* Next time. */
  }
}

async function begin() {
  onchange(showDrafts);
  known.setup = (await kept.get("setup").catch(() => null)) || null;
  const areas = await kept.get("areas").catch(() => null);
  if (areas) { known.areas = areas.areas; known.areasFrom = areas.address; }
  known.sites = (await kept.get("sites").catch(() => null)) || null;
  await restoreForm();
  showCategories();
  showKind();
  watchDevice();
  await showDrafts();
  if ("serviceWorker" in navigator) navigator.serviceWorker.register(`/mark/sw.js?lang=${lang}`, { scope: "/mark" }).catch(() => {});
  await learn();
  await showDrafts();
  send();
}

$("map_toggle").onclick = () => openMap($("map_box").hidden);
$("use_device").onclick = () => (known.device ? setPosition(known.device) : note(known.trouble || say("locating")));
$("kind_toggle").onclick = () => toggle($("kind_toggle"), $("kinds"));
$("photo").onclick = () => $("camera").click();
$("camera").onchange = (event) => takePhoto(event.target.files[0]);
$("photo_remove").onclick = dropPhoto;
$("describe").oninput = keepForm;
$("save").onclick = save;
$("net").onclick = () => { $("drafts").scrollIntoView(); learn().then(send); };
window.addEventListener("online", () => { showDrafts(); learn().then(send); });
window.addEventListener("offline", showDrafts);
document.addEventListener("visibilitychange", () => { if (!document.hidden) send(); });
setInterval(() => {
  showDrafts();
  if (!navigator.onLine) return;
  if (known.unanswered) askWhere();
  send();
}, EVERY_MS);
begin();
