// While writing: the box grows, Ctrl or Cmd + Enter sends, the others see that somebody is writing, and whoever gets the
// message is who was named when its author began.
(() => {
  const WRITING_MS = 4000;
  const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");
  const OWN_MS = 5000;
  let toldAt = 0;
  let changedAt = -OWN_MS;

  document.addEventListener("input", ({ target }) => {
    if (!target.matches("form textarea")) return;
    grow(target);
    tellWriting(target.form);
  });
  document.addEventListener("keydown", (event) => {
    if (event.key !== "Enter" || !(event.ctrlKey || event.metaKey) || event.isComposing) return;
    if (!event.target.matches("form[method=post] textarea")) return;
    event.preventDefault();
    event.target.form.requestSubmit();
  });
  // What the form says of who gets it stays true while it is open; what is sent along is what it said at the beginning.
  // Whoever changes it from here, by taking the ticket for instance, knows.
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const { request, response, sourceElement } = ctx;
    if (request.method !== "GET" && response.status < 400 && !sourceElement.closest("#composer")) changedAt = Date.now();
  });
  document.addEventListener("htmx:finally:swap", () => {
    growAll();
    agree(document.querySelector("form#composer"));
  });
  growAll();

  function growAll() {
    document.querySelectorAll("form textarea").forEach(grow);
  }

  function grow(text) {
    if (GROWS_BY_ITSELF) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
  }

  function agree(form) {
    const told = document.getElementById("composer-told");
    if (!form || !told) return;
    const { body, files, to, to_note } = form.elements;
    const hasBegun = body.value || files?.files.length;
    if (hasBegun && Date.now() - changedAt > OWN_MS) return;
    to.value = told.dataset.to;
    to_note.value = told.dataset.toNote;
  }

  function tellWriting(form) {
    if (!form.hasAttribute("data-writing") || Date.now() - toldAt < WRITING_MS) return;
    toldAt = Date.now();
    const body = new URLSearchParams();
    const internal = new FormData(form).get("internal");
    if (internal !== null) body.set("internal", internal); // who writes a note is the team's business only
    const headers = { "HX-Request": "true" };
    fetch(form.dataset.writing || `${location.pathname}/writing`, { method: "POST", body, headers }).catch(() => {});
  }
})();
