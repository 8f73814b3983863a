// Keeps the focus on the page: when a swap takes away what had it, the nearest thing that the Tab key stops at gets it.
(() => {
  const STOPS = "a[href], button, input:not([type=hidden]), select, textarea, summary";
  let place = null;

  htmx.registerExtension("focus", {
    htmx_before_swap: () => {
      const focused = document.activeElement;
      place = focused.matches(STOPS) ? { focused, around: around(focused) } : null;
    },
    htmx_finally_swap: () => {
      if (place && !place.focused.isConnected && document.activeElement === document.body) takeOver(place);
      place = null;
    },
  });

  // What has an id survives a swap: these elements, from the inside out, and which of their stops has the focus.
  function around(focused) {
    const outer = [];
    for (let element = focused; (element = element.parentElement?.closest("[id]")); ) {
      outer.push({ element, index: stopsIn(element).indexOf(focused) });
    }
    return outer;
  }

  function takeOver({ around }) {
    for (const { element, index } of around) {
      const stops = element.isConnected ? stopsIn(element) : [];
      if (stops.length) return stops[Math.min(index, stops.length - 1)].focus();
    }
    return document.querySelector("main").focus();
  }

  function stopsIn(element) {
    return [...element.querySelectorAll(STOPS)].filter((stop) => stop.checkVisibility());
  }
})();
