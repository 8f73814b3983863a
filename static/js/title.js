// Puts the number of unread tickets before the page's title, where the row of tabs shows it.
(() => {
  function prefix() {
    const count = Number(document.getElementById("unread")?.dataset.count ?? 0);
    const title = document.title.replace(/^\(\d+\) /, "");
    const wanted = count ? `(${count}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
  }

  prefix();
  document.addEventListener("htmx:finally:swap", prefix); // htmx sets the title after it has swapped
})();
