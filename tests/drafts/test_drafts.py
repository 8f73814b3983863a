"""What is typed and not sent yet is kept, for its author alone, and stands in its form again."""

import pytest

from informejo import clock, db, limits
from informejo.db import db as database
from informejo.drafts.inputs import KEPT
from informejo.drafts.models import Draft
from informejo.drafts.queries import draft_for
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.live import dom

HTMX = {"HX-Request": "true"}
TYPED = 'It says "E-42" & <b>smokes</b>.\nSince Monday.'


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def ren(world, visit):
    return visit(world.ren)


def save(browser, form: str, headers=None, **fields):
    answer = browser.post("/drafts", data={"draft": form, **fields}, headers=headers or {})
    database.session.rollback()  # what the door did not commit is gone
    return answer


def kept(person, form: str) -> dict:
    """What this person has typed there; when it was saved stands beside it."""
    fields = draft_for(person, form)
    assert fields == {} or fields.pop("saved_at") <= clock.now()
    return fields


def test_a_draft_is_kept_and_its_form_begins_with_it(world, ren, ticket):
    comment = world.comment(world.ren, ticket)
    for form, page, field in (
        ("new-ticket", "/tickets/new", "description"),
        ("ticket:1", "/tickets/1", "body"),
        ("ticket:1:edit", "/tickets/1/edit", "description"),
        (f"comment:{comment.id}", f"/comments/{comment.id}/edit", "body"),
    ):
        answer = save(ren, form, **{field: TYPED})
        assert answer.location == f"{page}?notice=draft-saved"
        shown = dom.read(ren.get(page).text).find(f"field-{field}")
        assert "".join(shown.content).removeprefix("\n") == TYPED


def test_to_htmx_the_answer_is_when_it_was_saved(ren, ticket):
    answer = save(ren, "ticket:1", HTMX, body=TYPED)
    assert answer.status_code == 200
    assert "Draft saved" in answer.text
    assert TYPED not in answer.text


def test_a_later_draft_takes_the_place_of_the_earlier_and_an_empty_form_has_none(world, ren):
    save(ren, "new-ticket", title="One", description="Two")
    save(ren, "new-ticket", title="Three")
    assert kept(world.ren, "new-ticket") == {"title": "Three"}
    assert "Draft saved" not in save(ren, "new-ticket", HTMX, title="").text
    assert kept(world.ren, "new-ticket") == {}


def test_choices_alone_are_no_draft_but_are_kept_with_a_text(world, visit, ticket):
    mia = visit(world.mia)
    save(mia, "ticket:1", internal="yes")
    assert kept(world.mia, "ticket:1") == {}
    save(mia, "ticket:1", internal="yes", body="half a")
    assert kept(world.mia, "ticket:1") == {"internal": "yes", "body": "half a"}
    chosen = dom.read(mia.get("/tickets/1").text).find("internal-note")
    assert "checked" in chosen.attributes


def test_a_draft_is_its_authors_alone(world, ren, visit, ticket):
    save(ren, "ticket:1", body=TYPED)
    for other in (world.zoe, world.mia, world.ana):
        assert "E-42" not in visit(other).get("/tickets/1").text
        assert kept(other, "ticket:1") == {}
    save(visit(world.mia), "ticket:1", body="mine")
    assert kept(world.ren, "ticket:1") == {"body": TYPED}
    assert visit().post("/drafts", data={"draft": "ticket:1", "body": "x"}).status_code == 401


def test_the_draft_of_a_ticket_one_may_not_see_shows_nothing_of_it(world, visit, ticket):
    zoe = visit(world.zoe)
    assert save(zoe, "ticket:1", body="hello").location == "/tickets/1?notice=draft-saved"
    assert zoe.get("/tickets/1").status_code == 404
    assert ticket.title not in save(zoe, "ticket:1", HTMX, body="hello").text


def test_what_was_sent_is_gone_and_what_is_typed_anew_is_kept_anew(world, ren, ticket):
    save(ren, "ticket:1", body="half a")
    ren.post("/tickets/1/comments", data={"body": "half a sentence", "key": "once"})
    database.session.rollback()
    assert kept(world.ren, "ticket:1") == {}
    save(ren, "ticket:1", body="the next")
    assert kept(world.ren, "ticket:1") == {"body": "the next"}


def test_a_message_that_is_refused_leaves_its_draft(world, ren, ticket):
    save(ren, "ticket:1", body="half a")
    assert ren.post("/tickets/1/comments", data={"body": "x" * (limits.COMMENT.most + 1)}).status_code == 422
    database.session.rollback()
    assert kept(world.ren, "ticket:1") == {"body": "half a"}


def test_a_draft_survives_what_happens_to_the_ticket(world, ren, ticket):
    save(ren, "ticket:1", body=TYPED)
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()
    change_actions.restore_ticket(world.ana, ticket)
    db.commit()
    assert kept(world.ren, "ticket:1") == {"body": TYPED}


def test_a_text_too_long_to_be_sent_is_kept_to_its_end(world, ren):
    text = "x" * 5 * limits.DESCRIPTION.most + "the end"
    save(ren, "new-ticket", description=text)
    assert kept(world.ren, "new-ticket")["description"] == text


def test_what_was_begun_in_an_edit_form_is_said_to_be_a_draft_when_it_is_opened(world, ren, ticket):
    comment = world.comment(world.ren, ticket)
    for form, page in (("ticket:1:edit", "/tickets/1/edit"), (f"comment:{comment.id}", f"/comments/{comment.id}/edit")):
        assert "Draft kept" not in ren.get(page).text
        save(ren, form, title="A title", description=TYPED, body=TYPED)
        assert "Draft kept" in ren.get(page).text


def test_who_answers_on_a_closed_ticket_keeps_what_was_begun_in_the_form_for_a_new_one(world, ren, ticket):
    save(ren, "new-ticket", title="My laptop", description="It does not sta")
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    save(ren, "ticket:1", body="It burns ag")
    assert ren.post("/tickets/1/comments", data={"body": "It burns again."}).location.startswith("/tickets/2")
    database.session.rollback()
    assert kept(world.ren, "new-ticket") == {"title": "My laptop", "description": "It does not sta"}
    assert kept(world.ren, "ticket:1") == {}


def test_a_draft_knows_which_ticket_the_new_one_follows(world, ren, ticket):
    save(ren, "new-ticket", title="Again", follows="1")
    assert "Follows" in ren.get("/tickets/new").text


def test_who_saves_a_draft_without_scripts_is_told_that_its_files_are_not_in_it(ren, ticket):
    for page in ("/tickets/1", "/tickets/new"):
        [button] = dom.read(ren.get(page).text).all("button", formaction="/drafts")
        assert button["formenctype"] == "application/x-www-form-urlencoded", "else a large file keeps the text from it"
    answer = save(ren, "ticket:1", body=TYPED, files="large.iso")
    assert "Files are not" in ren.get(answer.location).text


@pytest.mark.hardening("H-06")
def test_a_draft_keeps_the_fields_of_forms_and_nothing_else(world, ren):
    save(ren, "new-ticket", title="A title", password="secret", key="once", role="admin", saved_at="now")
    assert kept(world.ren, "new-ticket") == {"title": "A title"}
    assert not {"password", "current", "again", "key"} & set(KEPT)


@pytest.mark.parametrize(
    "form", ["", "nonsense", "ticket:", "ticket:x", "ticket:1:delete", "ticket:1\n", "comment:٣", "x" * 5000, None]
)
def test_a_form_that_does_not_exist_has_no_draft(ren, form):
    fields = {"body": "text"} if form is None else {"draft": form, "body": "text"}
    assert ren.post("/drafts", data=fields).status_code == 400
    assert not database.session.scalars(database.select(Draft)).all()


@pytest.mark.parametrize("text", ["a\0b", "\ud7ff\uffff", "🙂" * 100, "\u202eabc", "line\r\nline"])
def test_whatever_was_typed_can_be_kept(world, ren, text):
    assert save(ren, "new-ticket", title=text).status_code == 303
    assert ren.get("/tickets/new").status_code == 200
    assert kept(world.ren, "new-ticket")["title"] == text


def test_a_draft_that_arrives_after_its_message_does_not_bring_the_text_back(world, ren, ticket):
    save(ren, "ticket:1", body="half", key="once")
    assert draft_for(world.ren, "ticket:1")
    ren.post("/tickets/1/comments", data={"body": "all of it", "key": "once"})
    save(ren, "ticket:1", body="all of it", key="once")
    assert not draft_for(world.ren, "ticket:1")


def test_what_is_typed_on_because_no_answer_came_is_kept_though_the_message_has_arrived(world, ren, ticket):
    ren.post("/tickets/1/comments", data={"body": "all\nof it", "key": "once"})
    for late in ("all\r\nof it ", "all"):
        save(ren, "ticket:1", body=late, key="once")
        assert not draft_for(world.ren, "ticket:1")
    save(ren, "ticket:1", body="all of it, and more", key="once")
    assert draft_for(world.ren, "ticket:1")["body"] == "all of it, and more"
    sent = {"title": "The screen", "description": "It is dark.", "key": "other"}
    ren.post("/tickets", data=sent | {"category": "other", "priority": "medium"})
    save(ren, "new-ticket", **sent)
    assert not draft_for(world.ren, "new-ticket")
    save(ren, "new-ticket", **sent | {"title": "The screen on the left"})
    assert draft_for(world.ren, "new-ticket")["title"] == "The screen on the left"
