// Watches the stream: says whether the page is live, ends connections that are dead, and redraws what was missed.
(() => {
  const BEAT_MS = 15_000; // the server's heartbeat
  const SILENCE_MS = 2.5 * BEAT_MS;
  const GRACE_MS = 1000; // a reconnect quicker than this is nobody's concern
  const OFFLINE_MS = 10_000;
  const HELD_OFFLINE_MS = 40_000; // held-back.js asks every 10 to 20 s, and waits for the answer
  const PAGE_MS = 10_000;
  const AGAIN_MS = 3000;
  const RENEWAL_MS = 3000;
  const RENEWAL_PAUSE_MS = 30_000;
  const LEAVING_MS = 3000;
  const UNREAD_MS = 20_000; // when many were cut off at once, each asks at a random moment within these
  const WORDS = {
    live: "Live",
    held: "Updates every few seconds",
    "catching-up": "Catching up",
    offline: "Offline",
    stopped: "Not live",
  };
  const SAFE = ", your text is safe"; // where somebody has typed something
  const TEXTS = "form[method=post] :is(textarea, input[type=text], input[type=email])";

  const stream = document.getElementById("stream");
  if (!stream) return;
  const { drawnFor } = document.body.dataset;
  let connection;
  let heardAt = Date.now();
  let lostAt = null;
  let leavingAt = 0;
  let grace;
  let renewal;
  let renewedAt = 0;
  let drawing = null; // while this page is fetched and drawn anew
  let answers = 0; // to what was sent from here
  let renews = false; // this stream ends as planned
  let wasAway = false; // what stands in no event may have been missed
  let unreadWithin = UNREAD_MS;

  stream.addEventListener("htmx:sse:before:connection", ({ detail }) => {
    connection = detail.connection;
    wasAway ||= detail.connection.attempt > 0 && !renews;
    renews = false;
    lose();
  });
  stream.addEventListener("htmx:sse:before:message", ({ detail }) => {
    heardAt = Date.now();
    find();
    hear(detail.message.event);
    // Messages wait for a page that is on its way: it may have been drawn before them, and would be put over them.
    if (drawing) detail.waitUntil(drawing);
  });
  document.addEventListener("htmx:finally:request", ({ detail: { ctx } }) => {
    if (ctx.request.method !== "GET" && ctx.sourceElement.matches("form, select, input, button")) answers += 1;
  });
  stream.addEventListener("htmx:sse:error", ({ detail }) => fail(detail.status));
  stream.addEventListener("htmx:response:error", ({ detail }) => fail(detail.ctx.response.status));
  stream.addEventListener("htmx:error", () => fail());
  stream.addEventListener("bye", reloadOnce);
  // Somebody here has another name or role. Not all pages at once, and none all the time though names may change so often.
  document.body.addEventListener("people-changed", () => {
    const rest = Math.max(0, renewedAt + RENEWAL_PAUSE_MS - Date.now());
    renewal ??= setTimeout(renew, rest + RENEWAL_MS * (0.1 + Math.random()));
  });

  // Whoever signs out or deletes what they look at is on the way to the page that says so: no reload may overtake it.
  addEventListener("beforeunload", () => {
    leavingAt = Date.now();
  });
  // One person comes back to this tab, not everybody at once: hx-sse need not wait before it connects.
  document.addEventListener("visibilitychange", () => {
    if (document.hidden) return;
    unreadWithin = 0;
    setTimeout(() => connection?.delayCanceller?.());
  });
  addEventListener("input", () => {
    const mark = document.getElementById("live-mark");
    if (mark?.dataset.state === "offline") write(mark, wordFor("offline"));
  });
  addEventListener("offline", () => {
    lose();
    show("offline");
  });
  addEventListener("online", () => {
    lose();
    show("catching-up");
    connection?.reader?.cancel(); // it may be dead without knowing
    connection?.delayCanceller?.();
  });
  setInterval(watch, BEAT_MS / 3);

  function hear(event) {
    if (event === "reset") redraw();
    if (event === "renew") renews = true;
    if (event !== "ready" || !wasAway || isHeld()) return; // whole answers tell it each time
    wasAway = false;
    setTimeout(() => happen("unread-changed"), unreadWithin * Math.random());
    unreadWithin = UNREAD_MS;
  }

  function happen(name) {
    document.body.dispatchEvent(new CustomEvent(name));
  }

  function watch() {
    if (document.hidden) return; // hx-sse has closed the stream itself
    if (lostAt && Date.now() - lostAt > (isHeld() ? HELD_OFFLINE_MS : OFFLINE_MS)) showOffline();
    else if (!lostAt && Date.now() - heardAt > SILENCE_MS) connection?.reader?.cancel();
  }

  function showOffline() {
    if (document.getElementById("live-mark")?.dataset.state !== "stopped") show("offline");
  }

  function lose() {
    if (lostAt) return;
    lostAt = Date.now();
    if (!isHeld()) grace = setTimeout(() => show("catching-up"), GRACE_MS);
  }

  function find() {
    clearTimeout(grace);
    if (lostAt) document.dispatchEvent(new CustomEvent("informejo:live", { bubbles: true }));
    lostAt = null;
    show(isHeld() ? "held" : "live");
  }

  // As held-back.js found: between two of its answers nothing is lost.
  function isHeld() {
    return "held" in stream.dataset;
  }

  function fail(status) {
    if ([401, 403, 404].includes(status)) reloadOnce();
    else if (status === 409) stop();
    else lose();
  }

  // Somebody else is signed in in this browser by now, and drawn.js says so. What is typed here stays.
  function stop() {
    lose();
    clearTimeout(grace);
    show("stopped");
  }

  function show(state) {
    const mark = document.getElementById("live-mark");
    if (!mark) return;
    const before = mark.dataset.state;
    mark.hidden = false;
    if (before === state) return;
    mark.dataset.state = state;
    write(mark, wordFor(state));
    if (state === "offline" || before === "offline") say(state === "live" ? "Live again" : wordFor(state));
  }

  function write(mark, word) {
    (mark.querySelector("[data-word]") ?? mark).textContent = word;
  }

  function wordFor(state) {
    return state === "offline" && isTyped() ? WORDS.offline + SAFE : WORDS[state];
  }

  // A form that keeps drafts comes back with what was typed before; in others what the page came with is not typed.
  function isTyped() {
    const texts = [...document.querySelectorAll(TEXTS)];
    return texts.some(({ value, defaultValue, form }) => value.trim() && (value !== defaultValue || form.dataset.draft));
  }

  function say(sentence) {
    document.dispatchEvent(new CustomEvent("informejo:say", { detail: sentence }));
  }

  function renew() {
    renewal = null;
    renewedAt = Date.now();
    redraw();
  }

  // What this person may see has changed. Once a minute at most, lest two mistakes make a page that reloads for ever.
  async function reloadOnce() {
    if (Date.now() - leavingAt < LEAVING_MS) return setTimeout(reloadOnce, LEAVING_MS);
    if (await isSomebodyElses()) return stop();
    if (Date.now() - Number(stores.tab.get("reloaded")) < 60_000) return show("offline");
    stores.tab.set("reloaded", Date.now());
    return location.reload();
  }

  // By now, or in a moment: the sign-in that was ends before the browser is told the next. The page that says so, with
  // what was to be sent, may have taken the place of this one meanwhile.
  async function isSomebodyElses() {
    const before = await whose();
    if (before === 401) await new Promise((resolve) => setTimeout(resolve, GRACE_MS));
    const now = before === 401 ? await whose() : before;
    return now === 409 || document.body.dataset.drawnFor !== drawnFor;
  }

  function whose() {
    const answer = fetch("/unread", { headers: { "HX-Request": "true" }, signal: AbortSignal.timeout(PAGE_MS) });
    return answer.then(({ status }) => status, () => 0);
  }

  // After what is being drawn: that may have been fetched before whatever asks for it now.
  function redraw() {
    const turn = Promise.resolve(drawing).then(draw).finally(() => {
      if (drawing === turn) drawing = null;
    });
    drawing = turn;
  }

  async function draw() {
    const text = await untilFetched();
    if (!text) return reloadOnce();
    for (const part of ["main", "#topbar"]) {
      const target = document.querySelector(part);
      if (target) await htmx.swap({ text, sourceElement: target, target, select: part, swap: "outerMorph" });
    }
    happen("desk-changed");
    happen("unread-changed");
    return undefined;
  }

  async function untilFetched() {
    for (;;) {
      const before = answers;
      try {
        const text = await page();
        if (answers === before) return text; // or it may know nothing of what was sent meanwhile
      } catch {
        await new Promise((resolve) => setTimeout(resolve, AGAIN_MS));
      }
    }
  }

  // This page as it is now; nothing if it is no longer there for this person.
  async function page() {
    // From where somebody came is part of the page: the way back there.
    const { referrer } = document;
    const request = { headers: { Accept: "text/html" }, cache: "no-store", signal: AbortSignal.timeout(PAGE_MS), referrer };
    const response = await fetch(location.href, request);
    if (response.status >= 500 || response.status === 429) throw new Error(response.statusText);
    return response.ok && new URL(response.url).pathname === location.pathname ? response.text() : "";
  }
})();
