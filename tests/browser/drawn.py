"""A ticket's page as the server drew it, so that one that lived through a lot can be compared with a fresh one."""

from playwright.sync_api import Page

from tests.live.dom import BESIDE

PARTS = ["#ticket-head", "#opening", "#timeline", "#ticket-properties", "#ticket-actions"]
# Taken away is what differs with the reader's clock and place, and with how something arrived: forms that came live do
# not say yet for whom they were drawn. A select's choice is written out.
AS_DRAWN = """([parts, beside]) => parts.flatMap((part) => {
  const present = document.querySelector(part);
  if (!present) return [];
  const copy = present.cloneNode(true);
  copy.querySelectorAll("[name^=drawn_for], #new-since").forEach((field) => field.remove());
  copy.removeAttribute("data-seen");
  if (beside.includes(copy.id)) copy.removeAttribute("data-last");
  for (const element of [copy, ...copy.querySelectorAll("*")]) {
    element.classList.remove("is-new");
    if (!element.classList.length) element.removeAttribute("class");
    element.removeAttribute("data-htmx-powered");
    if (element.localName !== "time") continue;
    element.removeAttribute("title");
    element.replaceChildren();
  }
  const chosen = [...present.querySelectorAll("select")].map(({ id, value }) => `${id}=${value}`);
  return [...(copy.outerHTML + chosen).replace(/\\s+/g, " ").replaceAll("> <", "><").split(/(?=<li)/)];
})"""


def as_drawn(page: Page, parts: list[str] = PARTS) -> list[str]:
    """The HTML of what a stream keeps up to date, by default a ticket's, one piece for each line of a list."""
    return page.evaluate(AS_DRAWN, [parts, sorted(BESIDE)])


def ids(page: Page, selector: str) -> list[str]:
    """The ids of what is there, in order."""
    return page.locator(selector).evaluate_all("all => all.map(each => each.id)")
