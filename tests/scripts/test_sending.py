"""A form is sent once; what could not be sent stays; files are looked over first and seen on their way."""

from threading import Event

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import COMMENTS, comment, composer, field, fresh, sent, talk, visit
from tests.scripts.stand_in import Answer, partial

pytestmark = pytest.mark.browser
EMPTY = fresh(composer("k2"))
BRING = """(way) => {
  const transfer = new DataTransfer();
  transfer.items.add(new File(["x"], "shot.png", {type: "image/png"}));
  const options = {bubbles: true, cancelable: true, clipboardData: transfer, dataTransfer: transfer};
  const event = way === "paste" ? new ClipboardEvent(way, options) : new DragEvent(way, options);
  document.getElementById("body").dispatchEvent(event);
}"""


def test_a_comment_is_sent_once_and_the_box_is_empty_and_still_in_focus(ticket, server):
    impatience = Event()
    mine = partial("#timeline", comment(5, "sent", author=7), "place") + EMPTY
    server.answers[COMMENTS] = Answer(mine, after=impatience)
    ticket.locator("#body").fill("sent")
    ticket.keyboard.press("Control+Enter")
    ticket.keyboard.press("Control+Enter")
    ticket.get_by_role("button", name="Send").dblclick()
    ticket.locator("#body").focus()
    impatience.set()
    expect(ticket.locator("#comment-5")).to_be_visible()
    expect(ticket.locator("#body")).to_have_value("")
    expect(ticket.locator("[name=key]")).to_have_value("k2")
    ticket.keyboard.type("next")
    expect(ticket.locator("#body")).to_have_value("next")
    assert len(sent(server)) == 1
    assert len(sent(server, "/tickets/42/writing")) == 1


def test_what_was_sent_does_not_come_back(ticket, server):
    server.answers[COMMENTS] = Answer(EMPTY)
    ticket.locator("#body").fill("sent")
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("#body")).to_have_value("")
    server.main = talk(composer("k3"))
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("")


def test_a_refused_comment_comes_back_as_typed_with_its_files(ticket, server):
    server.answers[COMMENTS] = Answer(fresh(composer("k1", "too short", "<p>Write more.</p>")), 422)
    ticket.locator("#body").fill("too short")
    pick(ticket, ("log.txt", 10))
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_text("Write more.")).to_be_visible()
    expect(ticket.locator(".file-list li")).to_have_count(1)
    expect(ticket.locator("#body")).to_have_value("too short")
    assert ticket.locator("input[type=file]").evaluate("input => input.files.length") == 1


def test_what_could_not_be_sent_is_said_in_words_and_can_be_sent_again(ticket, server):
    ticket.locator("#body").fill("important")
    ticket.route("**/comments", lambda route: route.abort())
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("no connection")
    ticket.unroute("**/comments")
    server.answers[COMMENTS] = Answer("<!doctype html><title>Oops</title>", 500)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("our side")
    server.answers[COMMENTS] = Answer(EMPTY)
    expect(ticket.locator("#body")).to_have_value("important")
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("#body")).to_have_value("")
    assert ticket.get_by_role("alert").count() == 0


UNSENT = "This could not be sent: there is no connection."


def fail(page, path="**/comments"):
    page.route(path, lambda route: route.abort())


@pytest.fixture
def unsent(ticket):
    """A message that could not be sent."""
    ticket.locator("#body").fill("important")
    fail(ticket)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_have_text(f"{UNSENT} Your text is safe. Try again.")
    return ticket


@pytest.mark.parametrize("way", ["online", "stream", "change"])
def test_that_there_is_no_connection_is_said_until_there_is_one_or_the_form_is_changed(unsent, server, way):
    if way == "online":
        unsent.evaluate("dispatchEvent(new Event('online'))")
    elif way == "stream":
        server.cut()
    else:
        unsent.locator("#body").press("End")
        unsent.keyboard.type("!")
    expect(unsent.get_by_role("alert")).to_have_count(0)
    assert unsent.locator("#body").input_value().startswith("important")


def test_that_something_broke_is_said_also_when_the_connection_is_there(ticket, server):
    server.answers[COMMENTS] = Answer("<!doctype html><title>Oops</title>", 500)
    ticket.locator("#body").fill("important")
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("our side. Your text is safe.")
    ticket.evaluate("dispatchEvent(new Event('online'))")
    expect(ticket.get_by_role("alert")).to_be_visible()


def test_no_text_is_called_safe_where_a_form_has_none(page, server):
    server.main = field("open")
    visit(page)
    fail(page, "**/status")
    page.locator("select").select_option("waiting")
    expect(page.get_by_role("alert")).to_have_text(f"{UNSENT} Try again.")
    page.unroute("**/status")
    server.answers["/status"] = Answer("<!doctype html><title>Busy</title>", 503)
    page.locator("select").select_option("closed")
    expect(page.get_by_role("alert")).to_have_text("The desk is busy, so nothing was saved. Send it again in a moment.")


def test_an_empty_message_with_a_file_has_no_text_that_is_safe(ticket):
    pick(ticket, ("log.txt", 10))
    fail(ticket)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_have_text(f"{UNSENT} Try again.")


@pytest.mark.parametrize("way", ["Escape", "half a minute"])
def test_whoever_stops_the_browser_while_a_form_is_on_its_way_can_change_it_and_send_it_again(page, server, way):
    page.clock.install()
    server.main = '<form method="post" action="/new"><textarea name="body"></textarea><button>Open</button></form>'
    visit(page)
    # A browser that is stopped before the next page has begun.
    page.evaluate(
        "window.sent = []; addEventListener('submit', (e) => { sent.push(e.target[0].value); e.preventDefault(); })"
    )
    text, button = page.locator("textarea"), page.get_by_role("button", name="Open")
    text.fill("first")
    button.click()
    button.click()
    expect(text).not_to_be_editable()
    page.keyboard.press("Escape") if way == "Escape" else page.clock.fast_forward(30_000)
    text.fill("second")
    button.click()
    assert page.evaluate("sent") == ["first", "second"]


def test_a_form_that_its_answer_replaces_stays_when_the_answer_is_some_other_page(ticket, server):
    form = """<form id="new-ticket" method="post" action="/tickets" hx-post="/tickets" hx-select="#new-ticket"
      hx-target="#new-ticket" hx-swap="outerMorph"><textarea name="body">TEXT</textarea><button>Send</button></form>"""
    server.main = form.replace("TEXT", "")
    ticket.reload()
    ticket.locator("textarea").fill("important")
    server.answers["/tickets"] = Answer("<!doctype html><title>Full</title><p>There is no room left", 507)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.get_by_role("alert")).to_contain_text("no room left")
    expect(ticket.locator("textarea")).to_have_value("important")
    server.answers["/tickets"] = Answer(f"<!doctype html><title>New</title>{form.replace('TEXT', 'too short')}", 422)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("textarea")).to_have_value("too short")


def test_files_are_listed_checked_and_shown_on_their_way(ticket, server):
    pick(ticket, ("big.txt", 200_000))
    pick(ticket, ("a.txt", 60_000), ("b.txt", 60_000))
    expect(ticket.locator(".file-problem")).to_have_text(
        ["Too big: at most 98 kB fit.", "Too many: at most 2 files go with one message."]
    )
    ticket.get_by_role("button", name="Send").click()
    ticket.get_by_label("Remove big.txt").click()
    expect(ticket.locator(".file-problem")).to_have_count(0)
    assert not sent(server)
    looked = Event()
    server.answers[COMMENTS] = Answer(partial("#timeline", comment(6), "place") + EMPTY, after=looked)
    ticket.get_by_role("button", name="Send").click()
    expect(ticket.locator("progress")).to_be_visible()
    looked.set()
    expect(ticket.locator("#comment-6")).to_be_visible()
    expect(ticket.locator("progress")).to_be_hidden()
    expect(ticket.locator(".file-list li")).to_have_count(0)
    (post,) = sent(server)
    assert post.headers["HX-Request"] == "true"
    assert post.body.count(b"filename=") == 2


def pick(page, *files):
    page.locator("input[type=file]").set_input_files(
        [{"name": name, "mimeType": "text/plain", "buffer": b"x" * size} for name, size in files]
    )


@pytest.mark.parametrize("way", ["paste", "drop"])
def test_files_can_be_pasted_and_dropped(ticket, way):
    ticket.evaluate(BRING, way)
    expect(ticket.locator(".file-name")).to_have_text("shot.png")
