"""What the stand-in server draws: small versions of the fragments, with the names and attributes the scripts know."""

from playwright.sync_api import expect

from tests.scripts.stand_in import partial
from tests.waiting import until

COMMENTS = "/tickets/42/comments"
TICKET = """
<details id="more"><summary>More</summary>Details</details>
<ol id="timeline">{items}</ol>
{composer}
<output id="counts" hx-get="/counts" hx-trigger="desk-changed from:body throttle:500ms" hx-swap="innerHTML">0</output>
"""
COMPOSER = """
<form id="composer" method="post" action="/tickets/42/comments" enctype="multipart/form-data"
  hx-post="/tickets/42/comments" hx-swap="none" data-draft="ticket:42" data-writing="/tickets/42/writing">
<input type="hidden" name="key" value="{key}"><textarea id="body" name="body">{text}</textarea>
<p><input type="file" name="files" multiple data-max-size="100000" data-max-files="2"></p>
{problem}<button>Send</button></form>
"""


def composer(key="k1", text="", problem="") -> str:
    """The form for a message."""
    return COMPOSER.format(key=key, text=text, problem=problem)


def talk(form, *items) -> str:
    """What stands on the ticket's page."""
    return TICKET.format(composer=form, items="".join(items))


def fresh(form) -> str:
    """The composer as it comes with the answer to a message."""
    return partial("#composer", form)


def comment(number, text="Hello", order=None, author=3) -> str:
    """One comment in the timeline, by Mia (3) unless told otherwise; the reader is 7."""
    return f'<li id="comment-{number}" data-order="{order or number}" data-author="{author}"><p>{text}</p></li>'


def row(number, last, author=3, title="Printer") -> str:
    """One row of the queue; `last` is the newest event of its ticket."""
    return (
        f'<article id="row-{number}" data-last="{last}" data-last-author="{author}"><a href="#x">{title}</a></article>'
    )


def field(chosen, was="", names=("open", "waiting", "closed")) -> str:
    """A field that is sent as soon as it changes."""
    options = "".join(f"<option{' selected' * (name == chosen)}>{name}</option>" for name in names)
    return (
        '<form id="status" method="post" hx-post="/status" hx-trigger="change" hx-swap="none">'
        f'<input type="hidden" name="was" value="{was or chosen}"><select name="value">{options}</select></form>'
    )


def visit(page, path="/tickets/42"):
    """Open the page and wait until it is live."""
    page.goto(page.server + path)
    expect(page.locator("#live-mark")).to_have_text("Live")
    return page


def catch_up(page, server):
    """Wait until the page has dealt with everything that it was sent."""
    until(lambda: server.streams)
    page.evaluate("window.hasCaughtUp = false")
    page.evaluate("addEventListener('catch-up', () => { window.hasCaughtUp = true; }, true)")
    server.push(event="catch-up")
    until(lambda: page.evaluate("window.hasCaughtUp"))


def ids(page, selector) -> list[str]:
    """The ids of what is there, in order."""
    return page.locator(selector).evaluate_all("all => all.map(each => each.id)")


def sent(server, path=COMMENTS) -> list:
    """What the browser posted there."""
    return [post for post in server.posts if post.path == path]
