// Tells the server how far this person has read a ticket, once its page is really being looked at.
(() => {
  const SETTLE_MS = 800;
  const ticket = /^\/tickets\/\d+$/.exec(location.pathname)?.[0];
  if (!ticket) return;
  let told = 0;
  let timer;

  for (const name of ["htmx:after:swap", "visibilitychange"]) document.addEventListener(name, schedule);
  addEventListener("focus", schedule);
  schedule();

  function schedule() {
    clearTimeout(timer);
    timer = setTimeout(tell, SETTLE_MS);
  }

  function tell() {
    const event = newest();
    if (event <= told || document.hidden || !document.hasFocus()) return;
    told = event;
    const request = { method: "POST", body: new URLSearchParams({ event }), headers: { "HX-Request": "true" } };
    fetch(`${ticket}/seen`, { ...request, keepalive: true }).catch(() => {
      told = 0; // tried again with the next change
    });
  }

  function newest() {
    const last = document.getElementById("ticket-header")?.dataset.last; // a ticket nobody has answered has no items
    const items = document.querySelectorAll("#timeline > [data-order]");
    return Math.max(Number(last ?? 0), ...[...items].map((item) => Number(item.dataset.order)));
  }
})();
