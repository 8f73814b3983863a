// Where somebody is in a ticket. It opens at the first message they have not read; what arrives below the window is said
// at its edge; and the server hears how far they have read: as far as all of it was on the screen for a moment.
(() => {
  const SETTLE_MS = 800;
  const ticket = /^\/tickets\/\d+$/.exec(location.pathname)?.[0];
  if (!ticket) return;
  const wasShown = new Set();
  const below = new Set(); // messages that came and were not on the screen since
  let told = 0;
  let timer;

  begin();
  for (const name of ["htmx:after:swap", "visibilitychange"]) document.addEventListener(name, schedule);
  for (const name of ["focus", "scroll", "resize"]) addEventListener(name, schedule, { passive: true });
  document.addEventListener("toggle", schedule, { capture: true });
  document.addEventListener("informejo:placed", ({ target, detail }) => {
    const mine = target.dataset.author === document.documentElement.dataset.me;
    if (detail.fresh && !mine && target.matches("#timeline > .comment")) arrive(target);
  });
  document.addEventListener("click", ({ target }) => target.closest("#arrivals") && goTo([...below].find(isHere)));
  schedule();

  // Addresses that were given out before messages had their own name only the place on the page.
  function begin() {
    const asked = /^#comment-(\d+)$/.exec(location.hash);
    if (asked && !document.getElementById(`comment-${asked[1]}`) && !location.search.includes("at=")) {
      location.replace(`${ticket}?at=${asked[1]}${location.hash}`);
    }
    const news = document.getElementById("new-since");
    const isReload = performance.getEntriesByType("navigation")[0]?.type !== "navigate";
    if (news && !location.hash && !isReload && !isWithin(news)) news.scrollIntoView({ block: "start" });
  }

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(look, SETTLE_MS);
    for (const message of below) if (!isHere(message) || isWithin(message)) below.delete(message);
    announce();
  }

  // What is on the screen now has been there since the page last moved.
  function look() {
    if (document.hidden || !document.hasFocus()) return;
    for (const thing of things()) if (isWithin(thing)) wasShown.add(thing.id);
    tell();
  }

  function tell() {
    const event = readUpTo();
    if (event <= told) return;
    const before = told;
    told = event;
    const request = { method: "POST", body: new URLSearchParams({ event }), headers: { "HX-Request": "true" } };
    fetch(`${ticket}/seen`, { ...request, keepalive: true }).catch(() => {
      told = before; // tried again when the page moves next
    });
  }

  // The last event before the first that was not on the screen; with none left, the newest that the page shows.
  function readUpTo() {
    const timeline = document.getElementById("timeline");
    if (!timeline || "unreadBefore" in timeline.dataset) return 0;
    const seen = Number(timeline.dataset.seen ?? 0);
    let upTo = seen;
    for (const thing of things()) {
      if (orderOf(thing) <= seen) continue;
      if (!wasShown.has(thing.id)) return upTo;
      upTo = Math.max(upTo, orderOf(thing));
    }
    return Math.max(upTo, Number(document.getElementById("ticket-header")?.dataset.last ?? 0));
  }

  function things() {
    return document.querySelectorAll("#opening, #timeline > [data-order]:not(#new-since)");
  }

  function orderOf({ dataset }) {
    return Number(dataset.order);
  }

  // Something long counts once its end is there: whoever is at the end came through it.
  function isWithin(thing) {
    const { top, bottom, height } = thing.getBoundingClientRect();
    return !height || (bottom > ceiling() && bottom <= floor() + 1) || (top >= ceiling() && bottom <= floor() + 1);
  }

  function ceiling() {
    const { bottom } = document.getElementById("topbar").getBoundingClientRect();
    return Math.max(0, bottom);
  }

  // What lies under the docked form cannot be read.
  function floor() {
    const dock = document.getElementById("dock");
    const { top } = dock?.getBoundingClientRect() ?? { top: innerHeight };
    return dock && getComputedStyle(dock).position === "sticky" && top > 0 ? Math.min(top, innerHeight) : innerHeight;
  }

  function arrive(message) {
    if (message.getBoundingClientRect().bottom <= floor()) return;
    below.add(message);
    announce();
  }

  function announce() {
    const button = document.getElementById("arrivals");
    if (!button) return;
    button.hidden = !below.size;
    const words = below.size === 1 ? "1 new message" : `${below.size} new messages`;
    if (below.size && button.textContent !== words) button.textContent = words;
  }

  function isHere(message) {
    return message.isConnected;
  }

  function goTo(message) {
    if (!message) return;
    message.scrollIntoView({ block: "start" });
    message.querySelector("a, button")?.focus({ preventScroll: true });
  }
})();
