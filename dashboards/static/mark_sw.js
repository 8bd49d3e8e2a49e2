/* The worker of the form: keeps its page, script and style for dead zones, and sends drafts when the network is back.
   VERSION and SHELL are written before this by the server; mark_send.js stands before it too. */
"use strict";
const CACHE = `xiangtu-mark-${VERSION}`;

self.addEventListener("install", (event) => {
  event.waitUntil((async () => {
    const cache = await caches.open(CACHE);
    await Promise.all(SHELL.map(async (address) => {
      const answer = await fetch(address, { credentials: "same-origin", cache: "reload" });
      /* A signed-out reader is sent to the sign-in page, which must never be kept as the form. */
      if (!answer.ok || answer.redirected) throw new Error(`cannot keep ${address}`);
      await cache.put(address, answer);
    }));
    await self.skipWaiting();
  })());
});

self.addEventListener("activate", (event) => {
  event.waitUntil((async () => {
    const old = (await caches.keys()).filter((name) => name.startsWith("xiangtu-mark-") && name !== CACHE);
    await Promise.all(old.map((name) => caches.delete(name)));
    await self.clients.claim();
  })());
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const address = new URL(request.url);
  if (request.method !== "GET" || address.origin !== self.location.origin) return;
  if (request.mode === "navigate") {
    if (address.pathname !== "/mark") return;
    const lang = address.searchParams.get("lang");
    const page = `/mark?lang=${lang === "zh" || lang === "en" ? lang : LANG}`;
    event.respondWith(caches.match(page, { ignoreVary: true }).then((held) => held || fetch(request)));
    return;
  }
  if (SHELL.includes(address.pathname)) {
    event.respondWith(caches.match(address.pathname, { ignoreVary: true }).then((held) => held || fetch(request)));
  }
});

self.addEventListener("sync", (event) => {
  if (event.tag !== "xiangtu-mark") return;
  event.waitUntil(self.xiangtuDrafts.send().then((left) => {
    if (left > 0) throw new Error(`${left} drafts wait`);
  }));
});
