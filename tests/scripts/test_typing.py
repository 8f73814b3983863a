"""Whatever arrives, nobody is disturbed while typing, and nothing typed is lost."""

from threading import Event

import pytest
from playwright.sync_api import expect

from tests.scripts.drawn import comment, composer, field, fresh, sent, talk, visit
from tests.scripts.stand_in import Answer, partial

pytestmark = pytest.mark.browser


CARET = """() => {
  const {id, selectionStart, selectionEnd} = document.activeElement;
  return [id, selectionStart, selectionEnd];
}"""


@pytest.fixture
def writer(ticket):
    """Somebody in the middle of a word, with the details open."""
    ticket.locator("#more summary").click()
    ticket.locator("#body").fill("half a sentence")
    ticket.evaluate("document.getElementById('body').setSelectionRange(2, 6)")
    return ticket


@pytest.mark.parametrize("arrival", ["fragment", "reset"])
def test_typing_is_not_disturbed(writer, server, arrival):
    form = composer("k9", "an older draft")
    if arrival == "fragment":
        server.push(fresh(form))
    else:
        server.main = talk(form)
        server.push(event="reset", id=90)
    expect(writer.locator("[name=key]")).to_have_value("k9")
    assert writer.evaluate(CARET) == ["body", 2, 6]
    assert writer.locator("#body").input_value() == "half a sentence"
    assert writer.locator("#more").get_attribute("open") is not None


def test_half_typed_text_stays_when_the_focus_is_elsewhere(writer, server):
    writer.locator("#more summary").focus()
    server.push(fresh(composer("k9", "an older draft")))
    expect(writer.locator("[name=key]")).to_have_value("k9")
    assert writer.locator("#body").input_value() == "half a sentence"


def test_text_nobody_has_touched_follows_the_server(ticket, server):
    server.push(fresh(composer("k9", "a draft from another device")))
    expect(ticket.locator("#body")).to_have_value("a draft from another device")


def test_an_edit_form_in_use_is_not_replaced_by_what_others_did(ticket, server):
    form = '<form><textarea name="body" id="edit">Hello</textarea></form>'
    server.partial("#timeline", comment(9, form), "place")
    ticket.locator("#edit").fill("Hello there")
    server.main = talk('<p id="composer">drawn anew</p>', comment(9, "Theirs"), comment(10))
    server.partial("#timeline", comment(9, "Theirs"), "place")
    server.push(event="reset", id=90)
    expect(ticket.locator("#composer")).to_have_text("drawn anew")
    expect(ticket.locator("#comment-10")).to_be_visible()
    assert ticket.locator("#edit").input_value() == "Hello there"
    ticket.locator("#edit").fill("Hello")
    ticket.locator("#edit").blur()
    server.partial("#timeline", comment(9, "Theirs"), "place")
    expect(ticket.locator("#comment-9")).to_have_text("Theirs")


def test_a_field_sent_at_once_follows_others_afterwards(page, server):
    server.main = field("open")
    server.answers["/status"] = Answer(partial("#status", field("waiting")))
    visit(page)
    page.locator("select").select_option("waiting")
    expect(page.locator("[name=was]")).to_have_value("waiting")
    server.partial("#status", field("closed"))
    expect(page.locator("select")).to_have_value("closed")


def test_a_field_that_was_refused_shows_what_is_true(page, server):
    server.main = field("open")
    server.answers["/status"] = Answer(partial("#status", field("closed")), 409)
    visit(page)
    page.locator("select").select_option("waiting")
    expect(page.locator("select")).to_have_value("closed")


def test_two_quick_changes_of_a_field_are_no_conflict_with_oneself(page, server):
    server.main = field("open")
    both = Event()
    server.answers["/status"] = Answer(partial("#status", field("waiting")), after=both)
    visit(page)
    with page.expect_event("requestfinished", lambda _: len(sent(server, "/status")) == 2):
        page.locator("select").select_option("waiting")
        page.locator("select").select_option("closed")
        both.set()
    bodies = [post.body for post in sent(server, "/status")]
    assert bodies == [b"was=open&value=waiting", b"was=waiting&value=closed"]


def test_what_comes_while_forms_are_on_their_way_is_shown_when_they_are_back_and_the_newest_wins(page, server):
    def box(last, text):
        forms = "".join(
            f'<form method="post" hx-post="/{name}" hx-swap="none"><button>{name}</button></form>'
            for name in ("first", "second")
        )
        return f'<div id="box" data-last="{last}"><p>{text}</p>{forms}</div>'

    server.main = box(5, "As opened")
    first, second = Event(), Event()
    server.answers["/first"] = Answer("", after=first)
    server.answers["/second"] = Answer(partial("#box", box(6, "As the second was answered")), after=second)
    visit(page)
    page.get_by_role("button", name="first").click()
    with page.expect_response("**/second"):
        page.get_by_role("button", name="second").click()
        server.partial("#box", box(7, "As it is"))
        server.partial("#toasts", "It has come", "beforeend")
        expect(page.locator("#toasts")).to_have_text("It has come")
        second.set()
    expect(page.locator("#box p")).to_have_text("As opened")
    first.set()
    expect(page.locator("#box p")).to_have_text("As it is")


def test_unsent_text_comes_back_after_a_reload(ticket):
    ticket.locator("#body").fill("not yet sent")
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("not yet sent")


def test_a_newer_draft_of_the_server_wins_over_the_copy_on_this_device(ticket, server):
    ticket.locator("#body").fill("not yet sent")
    newer = composer(text="from the server").replace("data-draft=", 'data-draft-saved="2099-01-01T00:00Z" data-draft=')
    server.main = talk(newer)
    ticket.reload()
    expect(ticket.locator("#body")).to_have_value("from the server")
