// Every form is sent once, and when it could not be sent it says so in words and keeps what was typed.
(() => {
  const WORDS = {
    401: "You have been signed out. Sign in in another tab, then send this again.",
    403: "You are not allowed to do this any more.",
    404: "This is not there any more.",
    409: "Somebody else is signed in in this browser now, so nothing was done. [Your text is safe.]",
    413: "This is too big to be sent.",
    429: "That was too much at once. Wait a moment, then send this again.",
    503: "The desk is busy, so nothing was saved. [Your text is safe.] Send it again in a moment.",
    507: "The desk has no room left, so nothing was saved. [Your text is safe.] Send it again later.",
  };
  const UNREACHABLE = "This could not be sent: there is no connection. [Your text is safe.] Try again.";
  const BROKEN = "This could not be sent: something went wrong on our side. [Your text is safe.] Try again.";
  const SAFE = /\[(.*?)\] ?/; // of these words only where there is text
  const TEXTS = "textarea, input[type=text], input[type=email], input[type=search], input:not([type])";
  const BUSY = "form[aria-busy=true]";
  const LOADING = `${BUSY}:not([hx-post])`; // its answer is the next page
  const STOPPED_MS = 30_000; // no event tells that the browser was stopped on its way to the next page
  const WHOLE_PAGE = /^\s*<(?:!doctype|html)\b/i;

  addEventListener("submit", refuseSecond, { capture: true });
  addEventListener("submit", ({ target, defaultPrevented }) => {
    if (defaultPrevented || target.method !== "post") return;
    setBusy(target, true);
    setTimeout(free, STOPPED_MS, LOADING);
  });
  addEventListener("pageshow", () => free(BUSY));
  addEventListener("keydown", ({ key }) => key === "Escape" && free(LOADING));
  addEventListener("input", ({ target }) => unsay(target.form));
  // What was said of the connection goes with it: as the browser sees it, and as the stream does (live.js).
  for (const back of ["online", "informejo:live"]) addEventListener(back, unsayUnreachable);

  document.addEventListener("htmx:before:request", ({ detail }) => ofForm(detail.ctx, (form) => start(form, detail.ctx)));
  document.addEventListener("htmx:finally:request", ({ detail }) => ofForm(detail.ctx, (form) => setBusy(form, false)));
  document.addEventListener("htmx:error", ({ detail }) => ofForm(detail.ctx, (form) => say(form, UNREACHABLE)));
  document.addEventListener("htmx:after:request", ({ detail }) => refusePage(detail.ctx));

  function refuseSecond(event) {
    if (event.target.getAttribute("aria-busy") !== "true") return;
    event.preventDefault();
    event.stopImmediatePropagation();
  }

  // What arrived all the same is done once, though it is sent again.
  function free(forms) {
    document.querySelectorAll(forms).forEach((form) => setBusy(form, false));
  }

  function start(form, { request }) {
    setBusy(form, true);
    if (!(request.body instanceof URLSearchParams)) return;
    // It may have waited for an earlier request of this form, whose answer has changed the hidden fields since.
    for (const { name, value } of form.querySelectorAll("input[type=hidden]")) request.body.set(name, value);
  }

  // The button stays enabled, or it would lose the focus; the text waits, so that nothing is typed into what is leaving.
  function setBusy(form, busy) {
    form.setAttribute("aria-busy", busy);
    for (const text of form.querySelectorAll("textarea")) text.readOnly = busy;
    if (busy) unsay(form);
  }

  // Where a fragment was expected a whole page has no place: it is an error, or the server has led us elsewhere.
  // One that names its own place, such as the sign-in page that keeps the text, is meant.
  function refusePage(ctx) {
    const { raw, status } = ctx.response;
    if (isSelected(ctx) || ctx.hx.retarget || ctx.target === document.body || !WHOLE_PAGE.test(ctx.text)) return;
    ctx.swap = "none";
    ctx.text = "";
    if (status >= 400) ofForm(ctx, (form) => say(form, WORDS[status] ?? BROKEN));
    else if (raw.redirected) location.assign(raw.url);
  }

  function isSelected({ select, text }) {
    return select && new DOMParser().parseFromString(text, "text/html").querySelector(select);
  }

  function ofForm(ctx, action) {
    const source = ctx?.sourceElement;
    const form = source?.matches("form") ? source : source?.matches("select, input, button") && source.form;
    if (form && ctx.request.method !== "GET") action(form);
  }

  function say(form, sentence) {
    const problem = form.querySelector(".form-problem") ?? document.createElement("p");
    problem.className = "form-problem";
    problem.setAttribute("role", "alert");
    problem.toggleAttribute("data-unreachable", sentence === UNREACHABLE);
    problem.textContent = sentence.replace(SAFE, hasText(form) ? "$1 " : "").trim();
    form.append(problem);
  }

  function hasText(form) {
    return [...form.querySelectorAll(TEXTS)].some(({ value }) => value.trim());
  }

  function unsay(form) {
    form?.querySelector(".form-problem")?.remove();
  }

  function unsayUnreachable() {
    document.querySelectorAll(".form-problem[data-unreachable]").forEach((problem) => problem.remove());
  }
})();
