// What this browser keeps for its later pages: `stores.device` for all of them, `stores.tab` for those of one tab.
// It may be forbidden, full, or hold what no script can read: then nothing is kept, and nothing else breaks.
(() => {
  window.stores = { device: store(() => localStorage), tab: store(() => sessionStorage) };

  function store(find) {
    return {
      get: (key) => attempt(() => JSON.parse(find().getItem(key))),
      set: (key, value) => attempt(() => find().setItem(key, JSON.stringify(value))),
      forget: (key) => attempt(() => find().removeItem(key)),
      keys: () => attempt(() => Object.keys(find())) ?? [],
    };
  }

  function attempt(work) {
    try {
      return work();
    } catch {
      return null;
    }
  }
})();
