// Where something on the way holds the stream back (a proxy, a virus scanner), the page asks for whole answers instead,
// one every 10 to 20 s. hx-sse takes them for short streams: it applies them, keeps the bookmark and comes back.
(() => {
  const BEATS = 2; // come within three seconds of the greeting; one may be pushed on by something else that follows it
  const BEATS_MS = 5000;
  const LATE_MS = 8000; // what waits for the next message to push it on waits for the next beat, 15 s, at worst
  const PAUSE_MS = 20_000; // hx-sse doubles its pauses when something fails, up to this
  const TRY_MS = 60_000; // until a stream is tried again, and twice as long after each try
  const TRY_MAX_MS = 8 * TRY_MS;
  const KEPT = "held-back"; // for this tab's next pages, which need not find out anew

  const stream = document.getElementById("stream");
  if (!stream) return;
  let request; // htmx's own, in which hx-sse looks the address up each time it connects
  let address;
  let connection;
  let usualPause;
  let asksOnce = false;
  let doubts = false;
  let quickest = Infinity; // of this stream's messages: milliseconds from the server's clock to this page's
  let hurries = false;
  let beats;
  let timer;

  if (kept()) stream.dataset.held = "";

  stream.addEventListener("htmx:before:request", ({ detail }) => {
    ({ request } = detail.ctx);
    address = request.action;
    choose();
  });
  stream.addEventListener("htmx:sse:before:connection", ({ detail }) => {
    ({ connection } = detail);
    clearTimeout(timer);
    usualPause ??= connection.config.reconnectMaxDelay;
    if (connection.attempt) choose();
    connection.config.reconnectMaxDelay = asksOnce ? PAUSE_MS : usualPause;
    if (hurries) setTimeout(() => connection.delayCanceller?.());
    hurries = false;
  });
  // An answer that came whole where no stream does is the proof.
  stream.addEventListener("htmx:sse:after:connection", () => {
    clearTimeout(timer);
    beats = 0;
    quickest = Infinity;
    if (asksOnce) hold();
    else timer = setTimeout(giveUp, BEATS_MS);
  });
  stream.addEventListener("htmx:sse:before:message", ({ detail }) => {
    if (asksOnce || !["ready", "beat"].includes(detail.message.event)) return;
    if (detail.message.event === "beat") beats += 1;
    if (isLate(detail.message.data)) giveUp();
    else if (beats >= BEATS) release();
  });
  // Some hold back everything, the status too: then the stream gets no answer in time. Is there one to something short?
  stream.addEventListener("htmx:sse:error", ({ detail }) => {
    hurries = doubt(detail.error);
  });
  stream.addEventListener("htmx:error", ({ detail }) => {
    if (doubt(detail.error)) stream.dispatchEvent(new CustomEvent("held-back"));
  });
  document.addEventListener("visibilitychange", () => document.hidden && clearTimeout(timer));
  addEventListener("online", () => tryIn(0)); // perhaps another network

  function choose() {
    const held = kept();
    asksOnce = doubts || (held !== null && Date.now() < held.until);
    doubts = false;
    if (held && !asksOnce) tryIn(Math.min(2 * held.pause, TRY_MAX_MS));
    request.action = asksOnce ? `${address}&once=1` : address;
  }

  function doubt(error) {
    doubts = !asksOnce && (error === "timeout" || error?.name === "AbortError");
    return doubts;
  }

  // Whatever was said soon after the first beats pushed them on; later ones tell by when they were sent.
  function isLate(stamp) {
    const passage = performance.now() - 1000 * stamp.split(" ")[1];
    if (passage < quickest) quickest = passage;
    return passage - quickest > LATE_MS;
  }

  function giveUp() {
    hold();
    hurries = true;
    connection.reader?.cancel();
  }

  function hold() {
    stream.dataset.held = "";
    if (!kept()) tryIn(TRY_MS);
  }

  function release() {
    clearTimeout(timer);
    delete stream.dataset.held;
    stores.tab.forget(KEPT);
  }

  function tryIn(pause) {
    if (pause || kept()) stores.tab.set(KEPT, { pause: pause || TRY_MS, until: Date.now() + pause });
  }

  function kept() {
    return stores.tab.get(KEPT);
  }
})();
