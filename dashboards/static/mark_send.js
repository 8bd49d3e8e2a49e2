/* Drafts of marked sites: kept in this browser, sent one by one, each once. Shared by the page and its worker. */
(function () {
  "use strict";
  const NAME = "xiangtu-mark";
  const KEEP_SENT = 20;
  let opening = null;

  function open() {
    opening ||= new Promise((done, failed) => {
      const asked = indexedDB.open(NAME, 1);
      asked.onupgradeneeded = () => {
        asked.result.createObjectStore("drafts", { keyPath: "client_id" });
        asked.result.createObjectStore("kept");
      };
      asked.onsuccess = () => {
        asked.result.onversionchange = () => { asked.result.close(); opening = null; };
        done(asked.result);
      };
      asked.onerror = () => { opening = null; failed(asked.error); };
    });
    return opening;
  }

  async function run(store, mode, work) {
    const base = await open();
    return new Promise((done, failed) => {
      const turn = base.transaction(store, mode, mode === "readwrite" ? { durability: "strict" } : {});
      const asked = work(turn.objectStore(store));
      turn.oncomplete = () => done(asked && asked.result);
      turn.onabort = turn.onerror = () => failed(turn.error);
    });
  }

  const drafts = {
    all: async () => (await run("drafts", "readonly", (s) => s.getAll())).sort((a, b) => (a.marked_at < b.marked_at ? 1 : -1)),
    get: (id) => run("drafts", "readonly", (s) => s.get(id)),
    put: (draft) => run("drafts", "readwrite", (s) => s.put(draft)),
    remove: (id) => run("drafts", "readwrite", (s) => s.delete(id)),
  };
  const kept = {
    get: (key) => run("kept", "readonly", (s) => s.get(key)),
    put: (key, value) => run("kept", "readwrite", (s) => s.put(value, key)),
  };

  /* Tell every open page of this browser that something changed. */
  const channel = "BroadcastChannel" in self ? new BroadcastChannel(NAME) : null;
  const hearers = new Set();
  if (channel) channel.onmessage = () => hearers.forEach((hear) => hear());
  function changed() {
    hearers.forEach((hear) => hear());
    if (channel) channel.postMessage("changed");
  }

  /* What the server says of this reader: null without network, false without a live session. */
  async function setup() {
    let answer;
    try {
      answer = await fetch("/mark/setup", { credentials: "same-origin", redirect: "manual", cache: "no-store" });
    } catch {
      return null;
    }
    if (signedOut(answer)) return false;
    if (!answer.ok) return null;
    try {
      const told = await answer.json();
      await kept.put("setup", told);
      return told;
    } catch {
      return null;
    }
  }

  const signedOut = (answer) => answer.type === "opaqueredirect" || answer.status === 401;

  async function post(draft, told) {
    const form = new FormData();
    const names = ["client_id", "lon", "lat", "category", "marked_at", "place_kind", "description", "position_by",
      "accuracy_m", "same_as"];
    for (const name of names) if (draft[name] !== null && draft[name] !== undefined) form.append(name, String(draft[name]));
    if (draft.photo) form.append("photo", new Blob([draft.photo], { type: draft.photo_type }), "photo");
    const headers = { "x-xiangtu-token": told.token || "" };
    const answer = await fetch("/mark/send", { method: "POST", body: form, headers, credentials: "same-origin", redirect: "manual" });
    if (signedOut(answer)) return { state: "waiting", reason: "sign_in", stop: true };
    if (answer.status >= 500 || answer.status === 429) return { state: "waiting", reason: "server", stop: true };
    const said = await answer.json().catch(() => null);
    if (!said) return { state: "waiting", reason: "server", stop: true };
    if (answer.ok) return { state: "sent", id: said.id, again: said.again, near: said.near, ...arrived(said) };
    return { state: "refused", refusal: { zh: said.zh, en: said.en } };
  }

  /* Where it lies and of which kind, as the server has it: in a dead zone neither was sure. */
  function arrived(said) {
    const area = [said.township, said.village].filter(Boolean).join(" · ");
    return { ...(area ? { area } : {}), ...(said.place_kind ? { place_kind: said.place_kind, kind_guessed: said.kind_guessed } : {}) };
  }

  async function sendAll() {
    const waiting = (await drafts.all()).filter((one) => one.state === "waiting" || one.state === "sending").reverse();
    if (!waiting.length) return 0;
    const told = await setup();
    if (!told) {
      await Promise.all(waiting.map((one) => drafts.put({ ...one, state: "waiting", reason: told === false ? "sign_in" : "offline" })));
      changed();
      return waiting.length;
    }
    for (const draft of waiting) {
      if (draft.account !== told.account) {
        await drafts.put({ ...draft, state: "waiting", reason: "other_account" });
        continue;
      }
      /* Another page may have discarded it meanwhile. */
      if (!(await drafts.get(draft.client_id))) continue;
      await drafts.put({ ...draft, state: "sending", reason: null });
      changed();
      let answer;
      try {
        answer = await post(draft, told);
      } catch {
        answer = { state: "waiting", reason: "offline", stop: true };
      }
      const { stop, ...news } = answer;
      const without = news.state === "sent" ? { photo: null, sent_at: new Date().toISOString() } : {};
      await drafts.put({ ...draft, reason: null, ...news, ...without });
      changed();
      if (stop) break;
    }
    await forget();
    changed();
    return (await drafts.all()).filter((one) => one.state === "waiting").length;
  }

  /* Delivered ones are shown for a while; only the latest stay. */
  async function forget() {
    const sent = (await drafts.all()).filter((one) => one.state === "sent");
    for (const one of sent.slice(KEEP_SENT)) await drafts.remove(one.client_id);
  }

  /* One at a time in this browser: what two would send twice, the server would still take once. */
  let busy = null;
  function send() {
    if (busy) return busy;
    const work = () => sendAll().finally(() => { busy = null; });
    busy = self.navigator.locks
      ? self.navigator.locks.request(`${NAME}-send`, { ifAvailable: true }, (lock) => (lock ? work() : ((busy = null), -1)))
      : work();
    return busy;
  }

  self.xiangtuDrafts = { drafts, kept, setup, send, changed, onchange: (hear) => hearers.add(hear) };
})();
