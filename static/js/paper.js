// The print view's button.
(() => {
  document.addEventListener("click", ({ target }) => target.closest("#print") && print());
})();
