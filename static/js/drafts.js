// A copy of unsent text on this device, for when the server that keeps the drafts cannot be reached.
(() => {
  const TEXTS = "textarea[name], input[type=text][name], input[type=email][name]";
  const CHOICES = "input[type=radio]:checked"; // whom a text is for belongs to it: a note must not come back as a reply
  const { me } = document.documentElement.dataset;
  if (!me) return;
  const OURS = `draft ${me} `;
  const looked = new WeakSet();
  const asked = new WeakMap(); // element -> when its last request began

  document.addEventListener("input", ({ target }) => {
    if (target.matches(`${TEXTS}, input[type=radio]`) && target.form?.dataset.draft) keep(target.form);
  });
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    asked.set(ctx.sourceElement, Date.now());
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    if (!(ctx.response.status < 400)) return;
    const form = ctx.sourceElement.closest?.("form[data-draft]");
    if (form === ctx.sourceElement) forget(form);
    // The server has the draft now; what was typed since it was asked is kept here until it has that too.
    else if (form && ctx.sourceElement.id === "draft-state" && copyOf(form)?.at <= asked.get(ctx.sourceElement)) forget(form);
  });
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    if (!defaultPrevented && target.getAttribute("action") === "/sign-out") forgetAll();
  });
  document.addEventListener("htmx:after:swap", restoreAll);
  restoreAll();

  function keep(form) {
    const pairs = (selector) => [...form.querySelectorAll(selector)].map(({ name, value }) => [name, value]);
    const [fields, choices] = [TEXTS, CHOICES].map((selector) => Object.fromEntries(pairs(selector)));
    stores.device.set(OURS + form.dataset.draft, { at: Date.now(), fields, choices }); // if not, the server's draft remains
  }

  function forget(form) {
    stores.device.forget(OURS + form.dataset.draft);
  }

  function forgetAll() {
    const keys = stores.device.keys().filter((key) => key.startsWith(OURS));
    keys.forEach((key) => stores.device.forget(key));
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
    const copy = copyOf(form);
    const drawnAt = Date.parse(form.dataset.draftSaved) || 0;
    if (!copy || copy.at <= drawnAt) return;
    for (const [name, value] of Object.entries(copy.choices ?? {})) {
      const radio = [...form.querySelectorAll("input[type=radio]")].find((one) => one.name === name && one.value === value);
      if (radio) radio.checked = true;
    }
    for (const text of texts(form)) {
      const kept = copy.fields?.[text.name];
      if (!kept || kept === text.value) continue;
      text.value = kept;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      document.getElementById("draft-state")?.replaceChildren("Restored from this device");
    }
  }

  function copyOf(form) {
    return stores.device.get(OURS + form.dataset.draft);
  }

  function texts(form) {
    return [...form.querySelectorAll(TEXTS)];
  }
})();
