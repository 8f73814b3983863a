// Says with every request for whom this page was drawn, and tells the reader when somebody else has signed in since.
(() => {
  const HEADER = "Drawn-For";
  const FIELD = "drawn_for"; // of forms; those that came live are drawn for many people and do not have it yet
  const NAMED = "Signed-In-As";
  const { fetch } = window;

  // The requests of the scripts, of htmx and of the stream. Files travel by XMLHttpRequest, which htmx prepares as well.
  window.fetch = async (address, options = {}) => {
    const headers = new Headers(options.headers);
    if (isSigned()) headers.set(HEADER, whom());
    const response = await fetch(address, { ...options, headers });
    look(response);
    return response;
  };
  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    if (isSigned()) ctx.request.headers[HEADER] = whom();
  });
  document.addEventListener("htmx:after:request", ({ detail: { ctx } }) => look(ctx.response));
  addEventListener("submit", ({ target }) => target.method === "post" && isSigned() && sign(target), { capture: true });

  function whom() {
    return document.body.dataset.drawnFor;
  }

  function isSigned() {
    return whom() !== undefined;
  }

  function sign(form) {
    if (form.querySelector(`[name=${FIELD}]`)) return;
    form.append(Object.assign(document.createElement("input"), { type: "hidden", name: FIELD, value: whom() }));
  }

  function look({ status, headers }) {
    const name = headers.get(NAMED);
    if (name && !headers.has("HX-Retarget")) tell(decodeURIComponent(name));
    else if (status < 400) document.getElementById("somebody-else")?.remove(); // it is their own again
  }

  // A toast that asks for something stays until it is answered.
  function tell(name) {
    if (document.getElementById("somebody-else")) return;
    const toast = Object.assign(document.createElement("div"), { id: "somebody-else", className: "toast" });
    const words = document.createElement("p");
    words.textContent =
      `You are now signed in as ${name} in this browser, so nothing from this page is saved any more.`;
    const next = encodeURIComponent(location.pathname + location.search);
    toast.append(words, link(location.href, `Go on as ${name}`), link(`/sign-in?other=yes&next=${next}`, "Sign in as somebody else"));
    document.getElementById("toasts")?.append(toast);
    document.activeElement.scrollIntoView({ block: "nearest" }); // it may lie over what is being typed
  }

  function link(href, textContent) {
    return Object.assign(document.createElement("a"), { className: "toast-action", href, textContent });
  }
})();
