// Toasts: at most three, gone by themselves unless they ask for something, never about the ticket one is looking at.
(() => {
  const MOST = 3;
  const SHOWN_MS = 8000;
  const AGAIN_MS = 2000;
  const LEAVING_MS = 200;
  const region = document.getElementById("toasts");
  if (!region) return;

  new MutationObserver((records) => {
    const added = records.flatMap(({ addedNodes }) => [...addedNodes]).filter((node) => node instanceof HTMLElement);
    added.filter((toast) => toast.isConnected).forEach(receive);
  }).observe(region, { childList: true });
  region.addEventListener("click", ({ target }) => {
    if (target.closest("[data-dismiss]")) dismiss(target.closest("#toasts > *"));
  });
  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape" && !event.defaultPrevented && region.lastElementChild) dismiss(region.lastElementChild);
  });

  function receive(toast) {
    if (isNeedless(toast)) return toast.remove();
    while (region.children.length > MOST) leastWanted().remove();
    if (!asks(toast)) setTimeout(() => fade(toast), SHOWN_MS);
    return document.dispatchEvent(new CustomEvent("informejo:say", { detail: wordsOf(toast) }));
  }

  function isNeedless({ dataset }) {
    const mine = dataset.author && dataset.author === document.documentElement.dataset.me;
    return mine || (!document.hidden && dataset.ticket && location.pathname === `/tickets/${dataset.ticket}`);
  }

  function leastWanted() {
    const toasts = [...region.children];
    return toasts.slice(0, -1).find((toast) => !asks(toast)) ?? toasts[0];
  }

  function asks(toast) {
    return toast.querySelector("a[href], button:not([data-dismiss])") !== null;
  }

  function wordsOf(toast) {
    const copy = toast.cloneNode(true);
    copy.querySelectorAll("button").forEach((button) => button.remove());
    return copy.textContent.replace(/\s+/g, " ").trim();
  }

  // Somebody who points at it or stands in it is still reading.
  function fade(toast) {
    if (toast.matches(":hover, :focus-within")) return setTimeout(() => fade(toast), AGAIN_MS);
    toast.classList.add("is-leaving");
    return setTimeout(() => toast.remove(), LEAVING_MS);
  }

  function dismiss(toast) {
    const hadFocus = toast.contains(document.activeElement);
    const next = toast.previousElementSibling ?? toast.nextElementSibling;
    toast.remove();
    if (hadFocus) (next?.querySelector("a, button") ?? document.querySelector("main")).focus();
  }
})();
