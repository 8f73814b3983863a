// Takes a ticket away from somebody who may no longer see it: rows, cards, toasts and its own page. What they were
// typing stays, to be copied, and is kept as their draft.
(() => {
  const TEXTS = "textarea[name], input[type=text][name]";

  htmx.registerExtension("lose", {
    handle_swap: (style, _, fragment) => style === "lose" && [...fragment.children].map(lose).filter(Boolean),
  });

  // Returns the word that stands where its page was. Once it is taken away, taking it away again changes nothing.
  function lose(word) {
    const { number } = word.dataset;
    const traces = document.querySelectorAll(`#place-${number}, .toast[data-ticket="${number}"]`);
    const page = document.getElementById(`ticket-${number}`);
    if (page || traces.length) document.dispatchEvent(new CustomEvent("informejo:lost"));
    for (const trace of traces) trace.remove();
    if (!page) return null;
    const { activeElement: active } = document;
    const forms = [...page.querySelectorAll("form[data-draft]")].filter((form) => typed(form).length);
    forms.forEach(saveDraft);
    const kept = forms.length ? [keep(forms.flatMap(typed))] : [];
    const hadFocus = page.contains(active);
    page.replaceWith(word, ...kept);
    if (hadFocus) goOn(active);
    document.dispatchEvent(new CustomEvent("informejo:say", { detail: wordsOf(word) }));
    return word;
  }

  // What somebody wrote, now or before; not what the page itself had put into the form.
  function typed(form) {
    const drawn = ({ value, defaultValue }) => value === defaultValue && !form.dataset.draftSaved;
    return [...form.querySelectorAll(TEXTS)].filter((text) => text.value && !drawn(text));
  }

  function saveDraft(form) {
    const fields = [...new FormData(form)].filter(([, value]) => typeof value === "string");
    const request = { method: "POST", body: new URLSearchParams(fields), headers: { "HX-Request": "true" } };
    fetch("/drafts", { ...request, keepalive: true }).catch(() => {}); // the copy on this device remains
  }

  // The same as templates/tickets/_kept.html draws.
  function keep(texts) {
    const form = document.createElement("form");
    form.className = form.id = "lost-texts";
    form.action = "/tickets/new";
    form.innerHTML = '<p class="soft">What you had typed is still here for you to copy.</p>';
    form.append(...texts.map(field));
    return form;
  }

  function field({ name, value }) {
    const box = document.createElement("div");
    box.className = "field";
    box.innerHTML = '<label></label><textarea class="input" rows="6" dir="auto" readonly></textarea>';
    const [label, text] = box.children;
    label.htmlFor = text.id = `kept-${name}`;
    label.textContent = { title: "Title", description: "Description" }[name] ?? "What you wrote";
    text.defaultValue = value;
    return box;
  }

  function goOn({ name, selectionStart, selectionEnd }) {
    const text = name && document.getElementById(`kept-${name}`);
    (text || document.querySelector("main")).focus({ preventScroll: true });
    if (text && selectionStart != null) text.setSelectionRange(selectionStart, selectionEnd);
  }

  function wordsOf(word) {
    return [...word.querySelectorAll("h1, p")].map(({ textContent }) => textContent.trim().replace(/\.$/, "")).join(". ");
  }
})();
