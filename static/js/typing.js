// Keeps what somebody is typing: a swap may redraw the page around a control that is in use, but not the control.
(() => {
  const CONTROLS = "textarea, select, input:not([type=hidden])";
  const TOGGLES = "[type=checkbox], [type=radio]";
  const REDRAWN = [409, 422]; // refusals that bring the form back with what was typed
  const frozen = new Set();
  const postponed = new Map(); // by id, the newest version of what is frozen while a form in it is on its way

  htmx.registerExtension("typing", {
    htmx_before_swap: (_, { ctx, tasks }) => {
      const sent = sentControls(ctx);
      sent.forEach(settle);
      if (ctx.response?.status < 400) sent.filter((control) => control.type === "file").forEach(empty);
      for (const { fragment } of tasks) protect(fragment, ctx.sourceElement);
    },
    htmx_before_morph_node: (_, { oldNode, newNode }) => {
      if (oldNode.matches?.(CONTROLS) && oldNode.type !== "file") keepValue(oldNode, newNode);
    },
    htmx_finally_swap: () => {
      for (const element of frozen) element.removeAttribute("hx-morph-skip");
      frozen.clear();
    },
  });

  // Whoever would load the page anew asks before.
  document.addEventListener("informejo:leave", (event) => {
    const typed = [...document.querySelectorAll(CONTROLS)].some(isChanged);
    if (typed || document.querySelector("form[aria-busy=true]")) event.preventDefault();
  });

  document.addEventListener("htmx:finally:request", () => queueMicrotask(showPostponed));

  // The controls whose content the server has just taken, or sends back: its answer is now the truth about them.
  function sentControls({ sourceElement, request, response }) {
    if (!response || request.method === "GET") return [];
    if (response.headers.has("Signed-In-As")) return []; // nobody looked at what was sent
    if (response.status >= 400 && !REDRAWN.includes(response.status)) return [];
    if (sourceElement.matches("form")) return [...sourceElement.elements];
    return sourceElement.matches(`select, ${TOGGLES}`) ? [sourceElement] : [];
  }

  function settle(control) {
    if (control.matches(TOGGLES)) control.defaultChecked = control.checked;
    else if (control.options) for (const option of control.options) option.defaultSelected = option.selected;
    else if (control.matches("input, textarea") && control.type !== "file") control.defaultValue = control.value;
  }

  function empty(control) {
    control.value = "";
  }

  // Freezes the smallest thing that would lose a control in use because its new version comes without that control.
  function protect(fragment, source) {
    dropAutofocus(fragment);
    for (const form of document.querySelectorAll("form[aria-busy=true]")) {
      if (form !== source) postpone(twin(form, fragment));
    }
    for (const control of document.querySelectorAll(CONTROLS)) {
      if (!inUse(control) || control.form === source) continue;
      const { present, incoming } = twin(control, fragment) ?? {};
      if (incoming && present !== control && !counterpart(control, incoming)) freeze(present);
    }
  }

  function dropAutofocus(fragment) {
    if (!document.activeElement?.matches(CONTROLS)) return;
    for (const element of fragment.querySelectorAll("[autofocus]")) element.removeAttribute("autofocus");
  }

  // The nearest thing around the element (or itself) of which the fragment holds a new version.
  function twin(element, fragment) {
    for (let present = element; present; present = present.parentElement) {
      const incoming = present.id && fragment.getElementById(present.id);
      if (incoming) return { present, incoming };
    }
    return null;
  }

  function counterpart(control, incoming) {
    return incoming.querySelector(`${control.localName}[name="${CSS.escape(control.name)}"]`);
  }

  function postpone(twins) {
    if (!twins) return;
    const { present: { id }, incoming } = twins;
    freeze(twins.present);
    if (Number(incoming.dataset.last) >= Number(postponed.get(id)?.dataset.last ?? 0)) postponed.set(id, incoming.cloneNode(true));
  }

  function showPostponed() {
    for (const [id, thing] of postponed) {
      const target = document.getElementById(id);
      if (target?.querySelector("form[aria-busy=true]")) continue;
      postponed.delete(id);
      const text = `<hx-partial hx-target="#${id}" hx-swap="outerMorph">${thing.outerHTML}</hx-partial>`;
      if (target) htmx.swap({ text, sourceElement: document.body, swap: "none" });
    }
  }

  function freeze(element) {
    if (!element || element.hasAttribute("hx-morph-skip")) return;
    element.setAttribute("hx-morph-skip", "");
    frozen.add(element);
  }

  // htmx sets values of its own accord while it morphs; the microtask has the last word before anything is painted.
  function keepValue(present, incoming) {
    const property = present.matches(TOGGLES) ? "checked" : "value";
    const value = (isChanged(present) ? present : incoming)[property];
    queueMicrotask(() => {
      if (present[property] !== value) present[property] = value;
    });
  }

  function inUse(control) {
    return control === document.activeElement || isChanged(control);
  }

  function isChanged(control) {
    if (control.type === "file") return control.files.length > 0;
    if (control.matches(TOGGLES)) return control.checked !== control.defaultChecked;
    if (!control.options) return control.value !== control.defaultValue;
    const drawn = [...control.options].find((option) => option.defaultSelected) ?? control.options[0];
    return control.value !== (drawn?.value ?? "");
  }
})();
