// A copy of unsent text on this device, for when the server that keeps the drafts cannot be reached.
(() => {
  const TEXTS = "textarea[name], input[type=text][name], input[type=email][name]";
  const CHOICES = "input[type=radio]:checked"; // whom a text is for belongs to it: a note must not come back as a reply
  const { me } = document.documentElement.dataset;
  if (!me) return;
  const OURS = `draft ${me} `;
  const SETTLED = 5_000; // ms after which a copy of another tab is nothing that is being typed and saved there just now
  const tab = stores.tab.get("tab") ?? Math.random();
  stores.tab.set("tab", tab);
  const looked = new WeakSet();
  const asked = new WeakMap(); // element -> when its last request began

  document.addEventListener("input", ({ target }) => {
    if (target.matches(`${TEXTS}, input[type=radio]`) && target.form?.dataset.draft) keep(target.form);
  });
  document.addEventListener("htmx:before:request", ({ detail: { ctx } }) => {
    asked.set(ctx.sourceElement, Date.now());
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => {
    const form = ctx.sourceElement.closest?.("form[data-draft]");
    if (!(ctx.response.status < 400)) return unsaved(ctx.sourceElement);
    if (form === ctx.sourceElement) forget(form);
    // The server has the draft now; what was typed since it was asked is kept here until it has that too.
    else if (form && ctx.sourceElement.id === "draft-state" && copyOf(form)?.at <= asked.get(ctx.sourceElement)) forget(form);
  });
  document.addEventListener("htmx:error", ({ detail: { ctx } }) => unsaved(ctx?.sourceElement));
  document.addEventListener("submit", ({ target, defaultPrevented }) => {
    const to = defaultPrevented ? "" : target.getAttribute("action");
    if (to === "/sign-out") forgetAll("");
    if (to === "/drafts/discard") forgetAll(`${target.elements.draft.value} `);
  });
  document.addEventListener("htmx:after:swap", restoreAll);
  restoreAll();

  function keep(form) {
    const pairs = (selector) => [...form.querySelectorAll(selector)].map(({ name, value }) => [name, value]);
    const [fields, choices] = [TEXTS, CHOICES].map((selector) => Object.fromEntries(pairs(selector)));
    stores.device.set(nameOf(form), { at: Date.now(), tab, fields, choices }); // if not, the server's draft remains
  }

  function forget(form) {
    stores.device.forget(nameOf(form));
  }

  function forgetAll(whose) {
    const names = stores.device.keys().filter((name) => name.startsWith(OURS + whose));
    names.forEach((name) => stores.device.forget(name));
  }

  // Two tabs of one form are two drafts: each copy has the once-only key of its own. Forms that edit have none.
  function nameOf(form) {
    return `${OURS}${form.dataset.draft} ${form.elements.key?.value ?? ""}`;
  }

  // What the words beside the form say must be so: while saving fails nothing is saved but this copy.
  function unsaved(source) {
    if (source?.id !== "draft-state") return;
    const form = source.closest("form[data-draft]");
    source.replaceChildren(copyOf(form) ? "Kept on this device, not yet saved" : "Not saved");
  }

  function restoreAll() {
    for (const form of document.querySelectorAll("form[data-draft]")) {
      if (looked.has(form)) continue;
      looked.add(form);
      restore(form);
    }
  }

  // The newest wins, of the copies on this device and the server's draft that the form was drawn with. What it takes the
  // place of stays a draft of its own, unless it is the one that this copy goes on with.
  function restore(form) {
    const newest = copiesFor(form)[0];
    if (!newest || newest.at <= (Date.parse(form.dataset.draftSaved) || 0)) return;
    for (const [name, value] of Object.entries(newest.choices ?? {})) {
      const radio = [...form.querySelectorAll("input[type=radio]")].find((one) => one.name === name && one.value === value);
      if (radio) radio.checked = true;
    }
    const { continues } = form.elements;
    if (continues) continues.value = newest.key;
    stores.device.forget(newest.name);
    for (const text of texts(form)) {
      const kept = newest.fields?.[text.name];
      if (!kept || kept === text.value) continue;
      text.value = kept;
      text.dispatchEvent(new Event("input", { bubbles: true }));
      document.getElementById("draft-state")?.replaceChildren("Restored from this device");
    }
    keep(form);
  }

  // The newest first, those of this tab and those that other tabs have left.
  function copiesFor(form) {
    const own = OURS + form.dataset.draft; // by itself the name of a copy that an older release made
    const names = stores.device.keys().filter((name) => name === own || name.startsWith(`${own} `));
    return names
      .map((name) => ({ ...stores.device.get(name), name, key: name.slice(own.length + 1) }))
      .filter((copy) => copy.tab === tab || copy.at < Date.now() - SETTLED)
      .sort((one, other) => other.at - one.at);
  }

  function copyOf(form) {
    return stores.device.get(nameOf(form));
  }

  function texts(form) {
    return [...form.querySelectorAll(TEXTS)];
  }
})();
