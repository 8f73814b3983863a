// The page's title: what the page is about says it, where it can change, and the number of unread tickets stands before
// it, where the row of tabs shows it.
(() => {
  function retitle() {
    const count = Number(document.getElementById("unread")?.dataset.count ?? 0);
    const about = document.querySelector("[data-title]")?.dataset.title;
    const title = about ? `${about} · Informejo` : document.title.replace(/^\(\d+\) /, "");
    const wanted = count ? `(${count}) ${title}` : title;
    if (document.title !== wanted) document.title = wanted;
  }

  retitle();
  document.addEventListener("htmx:finally:swap", retitle); // htmx sets the title after it has swapped
})();
