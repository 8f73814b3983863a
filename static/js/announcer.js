// Tells screen readers what arrived, in one short text at a time and never more often than they can speak.
(() => {
  const PAUSE_MS = 5000;
  const GATHER_MS = 300;
  let sentences = [];
  let messages = 0;
  let spokenAt = 0;
  let timer = null;

  document.addEventListener("informejo:say", ({ detail }) => {
    sentences.push(detail);
    schedule();
  });
  document.addEventListener("informejo:placed", ({ target, detail }) => {
    const mine = target.dataset.author === document.documentElement.dataset.me;
    if (!detail.fresh || mine || !target.id.startsWith("comment-")) return;
    messages += 1;
    schedule();
  });
  // A ticket was taken from this page: nothing that was still to be said of it is.
  document.addEventListener("informejo:lost", () => {
    sentences = [];
    messages = 0;
    document.getElementById("announcer")?.replaceChildren();
  });

  function schedule() {
    timer ??= setTimeout(speak, Math.max(GATHER_MS, spokenAt + PAUSE_MS - Date.now()));
  }

  function speak() {
    if (messages) sentences.unshift(messages === 1 ? "1 new message" : `${messages} new messages`);
    // A repeated text is only spoken if the region was empty in between.
    const announcer = document.getElementById("announcer");
    const text = sentences.join(". ");
    announcer?.replaceChildren(text);
    setTimeout(() => announcer?.textContent === text && announcer.replaceChildren(), PAUSE_MS - 500);
    sentences = [];
    messages = 0;
    spokenAt = Date.now();
    timer = null;
  }
})();
