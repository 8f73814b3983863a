// A copy of unsent text on this device, for when the server that keeps the drafts cannot be reached.
(() => {
  const TEXTS = "textarea[name], input[type=text][name], input[type=email][name]";
  const { me } = document.documentElement.dataset;
  if (!me) return;
  const OURS = `draft ${me} `;
  const looked = new WeakSet();

  document.addEventListener("input", ({ target }) => {
    if (target.matches(TEXTS) && target.form?.dataset.draft) keep(target.form);
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (ctx.response.status < 400 && ctx.sourceElement.dataset.draft) forget(ctx.sourceElement);
  });
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (target.getAttribute("action") === "/sign-out") forgetAll();
    else if (!defaultPrevented && target.dataset.draft) forget(target); // sent without htmx: the next page tells the rest
  });
  document.addEventListener("htmx:after:swap", restoreAll);
  restoreAll();

  function keep(form) {
    const fields = Object.fromEntries(texts(form).map(({ name, value }) => [name, value]));
    const copy = JSON.stringify({ at: Date.now(), fields });
    try {
      localStorage.setItem(OURS + form.dataset.draft, copy);
    } catch {
      // No room, or storage is switched off: the server's draft remains.
    }
  }

  function forget(form) {
    localStorage.removeItem(OURS + form.dataset.draft);
  }

  function forgetAll() {
    const keys = Object.keys(localStorage).filter((key) => key.startsWith(OURS));
    keys.forEach((key) => localStorage.removeItem(key));
  }

  function restoreAll() {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (looked.has(form)) continue;
      looked.add(form);
      restore(form);
    }
  }

  // The newer of the two wins: this copy, or the server's draft the form was drawn with.
  function restore(form) {
    const copy = JSON.parse(localStorage.getItem(OURS + form.dataset.draft));
    const drawnAt = Date.parse(form.dataset.draftSaved) || 0;
    if (!copy || copy.at <= drawnAt) return;
    for (const text of texts(form)) {
      const kept = copy.fields[text.name];
      if (!kept || kept === text.value) continue;
      text.value = kept;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      document.getElementById("draft-state")?.replaceChildren("Restored from this device");
    }
  }

  function texts(form) {
    return [...form.querySelectorAll(TEXTS)];
  }
})();
