// Shows how far files have travelled: htmx sends by fetch, which does not tell, so a form with files goes by XMLHttpRequest.
(() => {
  const STALL_MS = 60_000;

  document.addEventListener("htmx:config:request", ({ detail: { ctx } }) => {
    const { body, form } = ctx.request;
    const files = [...body].filter(([, value]) => value instanceof File);
    // Saving a draft, or changing one field, reads the form around it: the files stay behind.
    if (ctx.sourceElement !== form) return files.forEach(([name]) => body.delete(name));
    if (!files.some(([, file]) => file.size)) return;
    ctx.fetch = (address, request) => send(address, request, barOf(form));
    ctx.request.timeout = 0; // a slow line may take long; only standing still is an error
  });

  function send(address, request, bar) {
    const upload = new XMLHttpRequest();
    upload.open(request.method, address);
    for (const [name, value] of Object.entries(request.headers)) upload.setRequestHeader(name, value);
    request.signal.addEventListener("abort", () => upload.abort());
    follow(upload, request, bar);
    return new Promise((resolve, reject) => {
      upload.onload = () => resolve(responseOf(upload, address));
      upload.onerror = () => reject(new TypeError("The upload was cut off."));
      upload.onabort = () => reject(new DOMException("The upload stood still.", "AbortError"));
      upload.send(request.body);
    });
  }

  function follow(upload, request, bar) {
    let stalled;
    const move = (share) => {
      clearTimeout(stalled);
      stalled = setTimeout(() => request.abort("timeout"), STALL_MS);
      bar.value = bar.max * share;
    };
    bar.hidden = false;
    move(0);
    upload.upload.onprogress = ({ loaded, total }) => move(loaded / total);
    upload.upload.onload = () => bar.removeAttribute("value"); // all there: now the server is at work
    upload.onloadend = () => {
      clearTimeout(stalled);
      bar.hidden = true;
    };
  }

  function barOf(form) {
    const bar = form.querySelector("progress.upload-progress") ?? document.createElement("progress");
    if (bar.isConnected) return bar;
    bar.className = "upload-progress";
    bar.setAttribute("aria-label", "Upload");
    form.append(bar);
    return bar;
  }

  // The same kind of thing that fetch would have returned, so that htmx applies it as ever.
  function responseOf(upload, address) {
    const lines = upload.getAllResponseHeaders().trim().split("\r\n");
    const headers = lines.map((line) => line.split(/:\s*(.*)/, 2));
    const body = [204, 205, 304].includes(upload.status) ? null : upload.responseText;
    const url = upload.responseURL;
    const redirected = url !== new URL(address, location.href).href;
    const response = new Response(body, { status: upload.status, headers });
    return Object.defineProperties(response, { url: { value: url }, redirected: { value: redirected } });
  }
})();
