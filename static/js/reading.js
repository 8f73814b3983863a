// Where somebody is in a ticket. It opens at the first message they have not read; what arrives below the window is said
// at its edge; and the server hears how far they have read: as far as all of it was on the screen for a moment.
(() => {
  const LOOK_MS = 200;
  const LOOKS = 4; // that often something must have been there, and its end once, to count as read
  const TELL_MS = 2000;
  const ticket = /^\/tickets\/\d+$/.exec(location.pathname)?.[0];
  if (!ticket) return;
  const looks = new Map(); // how often something was on the screen, and whether its end was
  const below = new Set(); // messages that came and were not on the screen since
  let told = seen();
  let toldAt = 0;
  let watch = null;

  begin();
  for (const name of ["htmx:after:swap", "visibilitychange"]) document.addEventListener(name, wake);
  for (const name of ["focus", "scroll", "resize"]) addEventListener(name, wake, { passive: true });
  document.addEventListener("informejo:placed", ({ target, detail }) => {
    const mine = target.dataset.author === document.documentElement.dataset.me;
    if (detail.fresh && !mine && target.matches("#timeline > .comment")) arrive(target);
  });
  document.addEventListener("click", ({ target }) => target.closest("#arrivals") && goTo([...below].find(isHere)));
  wake();

  // Addresses that were given out before messages had their own name only the place on the page.
  function begin() {
    const asked = /^#comment-(\d+)$/.exec(location.hash);
    if (asked && !document.getElementById(`comment-${asked[1]}`) && !location.search.includes("at=")) {
      const query = new URLSearchParams(location.search);
      query.set("at", asked[1]);
      location.replace(`${ticket}?${query}${location.hash}`);
    }
    const news = document.getElementById("new-since");
    const isFresh = performance.getEntriesByType("navigation")[0]?.type === "navigate"; // else browsers know the place
    if (news && !location.hash && isFresh && !isWithin(news)) news.scrollIntoView({ block: "start" });
  }

  // Looks while there is something left to read, and somebody there.
  function wake() {
    for (const message of below) if (!isHere(message) || isWithin(message)) below.delete(message);
    announce();
    watch ??= setInterval(look, LOOK_MS);
  }

  function look() {
    if (document.hidden || !document.hasFocus()) return rest();
    for (const thing of things()) if (isPartly(thing)) note(thing);
    const event = readUpTo();
    if (event <= told) return wasShown() && rest();
    if (Date.now() - toldAt >= TELL_MS || wasShown()) tell(event);
    return undefined;
  }

  function rest() {
    clearInterval(watch);
    watch = null;
  }

  function note(thing) {
    const { times = 0, ended = false } = looks.get(nameOf(thing)) ?? {};
    looks.set(nameOf(thing), { times: times + 1, ended: ended || isWithin(thing) });
  }

  function isRead(thing) {
    const { times, ended } = looks.get(nameOf(thing)) ?? {};
    return ended && times >= LOOKS;
  }

  function wasShown() {
    return [...things()].every((thing) => isRead(thing) || orderOf(thing) <= seen());
  }

  function tell(event) {
    const before = told;
    told = event;
    toldAt = Date.now();
    const request = { method: "POST", body: new URLSearchParams({ event }), headers: { "HX-Request": "true" } };
    const again = () => {
      told = before; // tried again when the page moves next
    };
    fetch(`${ticket}/seen`, { ...request, keepalive: true }).then(({ ok }) => ok || again(), again);
  }

  // The last event before the first that was not on the screen; with none left, the newest that the page shows.
  function readUpTo() {
    if (document.querySelector("#timeline[data-unread-before]")) return 0;
    let upTo = seen();
    for (const thing of things()) {
      if (orderOf(thing) <= seen()) continue;
      if (!isRead(thing)) return upTo;
      upTo = Math.max(upTo, orderOf(thing));
    }
    return Math.max(upTo, Number(document.getElementById("ticket-head")?.dataset.last ?? 0));
  }

  // How far they had read before this page.
  function seen() {
    return Number(document.getElementById("timeline")?.dataset.seen ?? 0);
  }

  function things() {
    return document.querySelectorAll("#opening, #timeline > [data-order]:not(#new-since)");
  }

  // A line that grew is another one.
  function nameOf(thing) {
    return `${thing.id} ${thing.dataset.order}`;
  }

  function orderOf({ dataset }) {
    return Number(dataset.order);
  }

  function isPartly(thing) {
    const { top, bottom } = thing.getBoundingClientRect();
    return bottom > ceiling() && top < floor();
  }

  // Something long counts once its end is there: whoever is at the end came through it.
  function isWithin(thing) {
    const { bottom } = thing.getBoundingClientRect();
    return bottom > ceiling() && bottom <= floor() + 1;
  }

  function ceiling() {
    const above = [...document.querySelectorAll("#topbar, #trail")];
    return Math.max(0, ...above.map((bar) => bar.getBoundingClientRect().bottom));
  }

  // What lies under the docked form cannot be read.
  function floor() {
    const dock = document.getElementById("dock");
    const docked = dock && getComputedStyle(dock).position === "sticky";
    return docked ? Math.min(dock.getBoundingClientRect().top, innerHeight) : innerHeight;
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
