// A new release: a page of an older build loads itself anew when nobody looks at it and nothing in it would be lost, each
// a little later than the other. Until then it offers that in a line.
(() => {
  const SPREAD_MS = 5 * 60_000;
  const { build } = document.documentElement.dataset;
  const stream = document.getElementById("stream");
  const offer = document.getElementById("release");
  if (!stream || !offer) return;
  let timer = null;

  for (const name of ["ready", "beat"]) stream.addEventListener(name, ({ detail }) => compare(detail.data.split(" ")[0]));
  offer.querySelector("button").addEventListener("click", () => location.reload());

  function compare(current) {
    if (!current || (current !== build) === !offer.hidden) return;
    offer.hidden = current === build; // a release that was taken back
    if (offer.hidden) return cancel();
    document.dispatchEvent(new CustomEvent("informejo:say", { detail: offer.querySelector("span").textContent }));
    return schedule();
  }

  function schedule() {
    timer = setTimeout(renew, Math.random() * SPREAD_MS);
  }

  function cancel() {
    clearTimeout(timer);
  }

  function renew() {
    if (isLookedAt() || isInUse()) schedule();
    else location.reload();
  }

  function isLookedAt() {
    return !document.hidden && document.hasFocus();
  }

  // Scripts that hold something which a reload would lose cancel this event.
  function isInUse() {
    return !document.dispatchEvent(new CustomEvent("informejo:leave", { cancelable: true }));
  }
})();
