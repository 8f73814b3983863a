// Keys for people who live here: / search, c new ticket, j and k along the rows, r reply. Off where the profile says so.
(() => {
  const KEYS = {
    "/": () => focus("input[type=search]"),
    c: () => document.querySelector('a[href="/tickets/new"]')?.click(),
    j: () => step(1),
    k: () => step(-1),
    r: () => focus("#composer textarea"),
  };
  const ROWS = "#queue > li a[href], #cards > li a[href]";

  document.addEventListener("keydown", (event) => {
    const action = KEYS[event.key];
    if (!action || isForSomethingElse(event)) return;
    event.preventDefault();
    action();
  });

  function isForSomethingElse({ target, ctrlKey, metaKey, altKey, isComposing, defaultPrevented }) {
    const typing = target.isContentEditable || target.matches?.("input:not([type=checkbox]), textarea, select");
    const open = document.querySelector("dialog[open]");
    return ctrlKey || metaKey || altKey || isComposing || defaultPrevented || typing || open || isOff();
  }

  function isOff() {
    return document.body.dataset.keys === "off";
  }

  function focus(selector) {
    document.querySelector(selector)?.focus();
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
