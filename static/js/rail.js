// Where the rail is a strip that is too long for the window, it begins with the place one is at in sight.
(() => {
  document.querySelector(".rail [aria-current]")?.scrollIntoView({ block: "nearest", inline: "center" });
})();
