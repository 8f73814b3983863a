// Controls whose choice is saved as soon as it is made ([data-choice]). What they show is what the ticket says: one that
// could not be saved goes back to that. The keyboard passes over choices; it saves with Enter, or when it goes on.
(() => {
  const OPENS = [" ", "Enter", "F4", "Tab"];
  const WORDS = "Enter or going on saves it, Escape leaves it as it was.";
  let stepping = false; // the next change is one that the keyboard passes over
  let passing = null; // which control that happens at, and what the ticket said there when it began

  addEventListener("pointerdown", () => {
    stepping = false;
  });
  // Before all others: for these Escape means to leave the field, and leaving it saves.
  addEventListener("keydown", press, { capture: true });
  addEventListener("change", (event) => {
    const select = selectOf(event);
    if (!select) return;
    if (stepping) pass(select);
    else choose(select);
  });
  addEventListener("focusout", (event) => {
    stepping = false;
    const select = selectOf(event);
    if (select && isPending(select)) choose(select);
  });

  document.addEventListener("htmx:error", ({ detail }) => fail(detail.ctx));
  document.addEventListener("htmx:after:request", ({ detail }) => {
    if (!(detail.ctx?.response?.status < 400)) fail(detail.ctx);
  });
  document.addEventListener("htmx:after:swap", () => {
    if (passing) goOn(passing);
    ask();
  });
  // A browser that goes back shows controls as they were left; the page says what was so.
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) for (const form of document.querySelectorAll("form[data-choice], form.filter")) form.reset();
  });

  function press(event) {
    const select = selectOf(event);
    if (!select) return;
    if (isPending(select) && event.key === "Enter") end(event, choose);
    else if (isPending(select) && event.key === "Escape") end(event, restore);
    else stepping = !OPENS.includes(event.key) && !event.altKey;
  }

  function selectOf({ target }) {
    return target.matches?.("[data-choice] select") ? target : null;
  }

  function isPending(select) {
    return select.value !== drawn(select) && !isBusy(select);
  }

  function isBusy({ form }) {
    return form.getAttribute("aria-busy") === "true";
  }

  function drawn({ options }) {
    return ([...options].find((option) => option.defaultSelected) ?? options[0])?.value;
  }

  function end(event, deed) {
    event.preventDefault();
    deed(event.target);
  }

  function choose(select) {
    stop(select);
    // While the choice before is on its way, the ticket's own is another choice.
    if (!isBusy(select) && !isPending(select)) return;
    if (select.form.method === "get") select.form.requestSubmit(); // a filter: the next page is the list
    else select.dispatchEvent(new CustomEvent("choose", { bubbles: true }));
  }

  function restore(select) {
    stop(select);
    select.value = drawn(select);
  }

  function pass(select) {
    if (!isPending(select)) return stop(select);
    passing ??= { select, from: drawn(select) };
    return hint(select);
  }

  function stop({ form }) {
    passing = null;
    form.querySelector(".property-pending")?.remove();
  }

  // The page was drawn anew around the control. Where others changed the same meanwhile, theirs is what the ticket says.
  function goOn({ select, from }) {
    if (drawn(select) !== from || !select.isConnected) restore(select);
    else hint(select);
  }

  function hint({ form }) {
    if (form.querySelector(".property-pending")) return;
    const words = document.createElement("p");
    words.className = "property-pending meta";
    words.setAttribute("role", "status");
    words.textContent = WORDS;
    form.append(words);
  }

  function fail(ctx) {
    const form = ctx?.sourceElement;
    if (form?.matches?.("[data-choice]")) form.querySelectorAll("select").forEach(restore);
  }

  // A question that has just been asked takes the focus, unless somebody has gone on to write.
  function ask() {
    const question = document.querySelector("[id^=question-] > .conflict:not([data-asked])");
    if (!question) return;
    question.dataset.asked = "";
    if (!document.activeElement.matches("textarea, input")) question.focus();
    question.scrollIntoView({ block: "nearest" });
  }
})();
