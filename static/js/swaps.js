// Two ways for a live fragment to arrive: `place` puts each thing where its event order says, `nudge` fires an event on
// the page, at which counters and lists fetch themselves anew.
(() => {
  // Rows and cards look the same to everybody; the `li#place-42` around them is personal and drawn by the page.
  const BOXED = /^(?:row|card)-(\d+)$/;
  const TINT_MS = 1500;
  let morph;

  htmx.registerExtension("place", {
    init: (api) => {
      morph = api.morph;
    },
    // An answer that was long on its way must not undo what the stream has shown since.
    htmx_before_swap: (_, { tasks }) => {
      tasks.splice(0, tasks.length, ...tasks.filter((task) => !isLate(task)));
    },
    handle_swap: (style, target, fragment) => {
      if (style === "nudge") return nudge(fragment.textContent);
      if (style === "place") return [...fragment.children].map((thing) => place(target, thing)).filter(Boolean);
      return []; // of a newer release than this page: passed over
    },
  });

  function nudge(names) {
    for (const name of names.trim().split(/\s+/)) document.body.dispatchEvent(new CustomEvent(name));
    return [];
  }

  // Returns the element if it is new or changed. Applying the same thing twice, or something older, changes nothing.
  function place(list, thing) {
    const present = thing.id && document.getElementById(thing.id);
    const placed = present ? update(list, present, thing) : insert(list, thing);
    if (!placed) return null;
    markUnread(placed);
    tint(placed);
    placed.dispatchEvent(new CustomEvent("informejo:placed", { bubbles: true, detail: { fresh: !present } }));
    return placed;
  }

  function update(list, present, thing) {
    if (present.matches("[hx-morph-skip]") || isSame(thing, present)) return null;
    const moved = thing.dataset.order !== present.dataset.order;
    const fragment = new DocumentFragment();
    fragment.append(thing);
    morph(present, fragment, false);
    const placed = document.getElementById(thing.id);
    if (moved && placed.parentElement === list) list.insertBefore(placed, successor(list, placed));
    return placed;
  }

  function insert(list, thing) {
    const boxed = BOXED.test(thing.id);
    // A queue that somebody is reading must not jump: its "3 new" bar tells about new rows.
    if (boxed && !list.hasAttribute("data-grow")) return null;
    const item = boxed ? box(thing) : thing;
    list.insertBefore(item, successor(list, item));
    return thing;
  }

  function box(thing) {
    const item = document.createElement("li");
    item.id = `place-${BOXED.exec(thing.id)[1]}`;
    item.dataset.order = thing.dataset.order ?? thing.dataset.last;
    item.dataset.seen = "0";
    item.append(thing);
    return item;
  }

  // Timelines run forward; lists that grow show the newest first.
  function successor(list, item) {
    const direction = list.hasAttribute("data-grow") ? -1 : 1;
    const after = (other) => direction * (order(other) - order(item)) > 0;
    return [...list.children].find((other) => other !== item && after(other)) ?? null;
  }

  function order(item) {
    return parseInt(item.dataset.order, 10);
  }

  function isLate({ type, fragment }) {
    const thing = type === "partial" && fragment.firstElementChild;
    const present = thing?.id && document.getElementById(thing.id);
    return present && age(thing) < age(present);
  }

  // Of a ticket's parts the newest event that they show, of a message how often it was put right.
  function age({ dataset }) {
    return Number(dataset.last ?? dataset.version);
  }

  function isSame(thing, present) {
    return asDrawn(thing).isEqualNode(asDrawn(present));
  }

  // A copy as the server drew it, without what htmx, the reader and the other scripts changed since.
  function asDrawn(thing) {
    const copy = thing.cloneNode(true);
    copy.classList.remove("is-new");
    if (!copy.classList.length) copy.removeAttribute("class");
    for (const part of [copy, ...copy.querySelectorAll("[data-htmx-powered], details, time")]) {
      for (const name of ["data-htmx-powered", "open"]) part.removeAttribute(name);
      if (part.localName === "time") {
        part.removeAttribute("title");
        part.textContent = "";
      }
    }
    return copy;
  }

  function markUnread(placed) {
    const item = placed.closest("li[data-seen]");
    if (!item) return;
    const { last, lastAuthor } = placed.dataset;
    const mine = lastAuthor === document.documentElement.dataset.me;
    item.classList.toggle("unread", !mine && Number(last) > Number(item.dataset.seen));
  }

  function tint(placed) {
    const clear = () => placed.classList.remove("is-new");
    placed.classList.add("is-new");
    placed.addEventListener("animationend", (event) => event.target === placed && clear());
    setTimeout(clear, TINT_MS);
  }
})();
