// While writing: the box grows, Ctrl or Cmd + Enter sends, and the others see that somebody is writing.
(() => {
  const WRITING_MS = 4000;
  const GROWS_BY_ITSELF = CSS.supports("field-sizing", "content");
  let toldAt = 0;

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
  document.addEventListener("htmx:finally:swap", growAll);
  growAll();

  function growAll() {
    document.querySelectorAll("form textarea").forEach(grow);
  }

  function grow(text) {
    if (GROWS_BY_ITSELF) return;
    text.style.height = "auto";
    text.style.height = `${text.scrollHeight + text.offsetHeight - text.clientHeight}px`;
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
