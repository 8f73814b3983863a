// Single-key shortcuts. templates/layout/_keys.html says what each does; off where the profile says so.
(() => {
  const KEYS = {
    "/": () => focus(".search input"),
    "?": () => document.getElementById("keys")?.togglePopover(),
    c: () => press('a[href="/tickets/new"]'),
    j: () => press("#trail-after") || step(1),
    k: () => press("#trail-before") || step(-1),
    u: () => press("#trail-back"),
    r: () => write("#reply"),
    n: () => document.getElementById("internal-note") && write("#internal-note"),
    m: () => press("#claim"),
    s: () => focus("#set-status"),
  };
  const ROWS = "#queue > li a[href], #cards > li a[href]";
  const FIELDS = "input:not([type=checkbox], [type=radio]), textarea, select";

  document.addEventListener("keydown", (event) => {
    if (event.key === "Escape") return leave(event);
    const action = KEYS[event.key];
    if (!action || isForSomethingElse(event)) return undefined;
    event.preventDefault();
    return action();
  });

  function isForSomethingElse({ target, ctrlKey, metaKey, altKey, isComposing, defaultPrevented }) {
    const typing = target.isContentEditable || target.matches?.(FIELDS);
    const open = document.querySelector("dialog[open]");
    return ctrlKey || metaKey || altKey || isComposing || defaultPrevented || typing || open || isOff();
  }

  function isOff() {
    return document.body.dataset.keys === "off";
  }

  // Out of a field, so that single keys mean something again. What is typed in it stays.
  function leave({ target, isComposing, defaultPrevented }) {
    if (isComposing || defaultPrevented || isOff() || !target.matches?.(FIELDS) || target.closest("[popover]")) return;
    target.blur();
  }

  function focus(selector) {
    const seen = [...document.querySelectorAll(selector)].find((element) => element.checkVisibility());
    if (!seen && selector.startsWith(".search")) document.querySelector(".search-open")?.click();
    (seen ?? document.querySelector(`#search-menu:popover-open ${selector}`))?.focus();
  }

  function press(selector) {
    const found = document.querySelector(selector);
    found?.click();
    return Boolean(found);
  }

  function write(selector) {
    const audience = document.querySelector(selector);
    if (audience && !audience.checked) audience.click();
    focus("#composer textarea");
  }

  function step(by) {
    const links = firstLinks();
    const at = links.findIndex((link) => link.closest("li").contains(document.activeElement));
    const start = by > 0 ? -1 : links.length;
    const next = links[(at < 0 ? start : at) + by];
    next?.focus();
    next?.scrollIntoView({ block: "nearest" });
  }

  function firstLinks() {
    const links = [...document.querySelectorAll(ROWS)];
    return links.filter((link, index) => link.closest("li") !== links[index - 1]?.closest("li"));
  }
})();
