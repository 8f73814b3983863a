"""The pages and forms of tickets answer people and htmx, and give back what was typed when it cannot be taken."""

import io
import re

import pytest
from sqlalchemy import delete, select

from informejo import cookies, db, policy
from informejo.accounts.models import Session
from informejo.policy import find_ticket
from informejo.tickets import change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Category, Priority, Status
from tests.live import dom
from tests.world import PASSWORD

HTMX = {"HX-Request": "true"}
TYPED = 'It says "E-42" & <b>smokes</b>.\nSince Monday.'
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def ren(world, visit):
    return visit(world.ren)


@pytest.fixture
def mia(world, visit):
    return visit(world.mia)


def comments() -> list[Comment]:
    """All that are kept: what a door did not commit is gone."""
    db.session.rollback()
    return list(db.session.scalars(select(Comment).order_by(Comment.id)))


def field(html: str, name: str) -> str:
    """What stands in that field of a form: typed text, the chosen option or button."""
    page = dom.read(html)
    for choice in page.all("select", name=name):
        return next(option["value"] for option in choice.all("option") if "selected" in option.attributes)
    for area in page.all("textarea", name=name):
        return "".join(area.content).removeprefix("\n")
    found = page.all("input", name=name)
    chosen = [box for box in found if "checked" in box.attributes] if found[0]["type"] == "radio" else found
    return chosen[0]["value"]


def upload(browser, address: str, *names: str, headers=None, **fields):
    files = [(io.BytesIO(PNG), name) for name in names]
    return browser.post(
        address, data=fields | {"files": files}, content_type="multipart/form-data", headers=headers or {}
    )


def test_a_message_is_answered_with_its_place(ren, ticket):
    answer = ren.post("/tickets/1/comments", data={"body": TYPED, "key": "once"})
    assert (answer.status_code, answer.location) == (303, f"/tickets/1#comment-{comments()[0].id}")
    assert [comment.body for comment in comments()] == [TYPED]
    page = dom.read(ren.get("/tickets/1").text)
    assert '"E-42" & <b>smokes</b>.' in page.find(f"comment-{comments()[0].id}").text


def test_to_htmx_a_message_is_answered_with_itself_and_an_empty_composer(ren, ticket):
    answer = ren.post("/tickets/1/comments", data={"body": TYPED, "key": "once"}, headers=HTMX)
    assert answer.status_code == 200
    parts = {part["hx-target"]: part for part in dom.read(answer.text).children}
    assert set(parts) == {"#composer", "#timeline", "#ticket-head"}
    assert '"E-42"' in parts["#timeline"].find(f"comment-{comments()[0].id}").text
    assert field(answer.text, "body") == ""
    assert field(answer.text, "key") not in ("", "once")


@pytest.mark.hardening("X-22")
def test_sending_twice_leads_to_the_same_message(ren, ticket):
    answers = [ren.post("/tickets/1/comments", data={"body": "Once.", "key": "once"}) for _ in range(2)]
    assert {answer.location for answer in answers} == {f"/tickets/1#comment-{comments()[0].id}"}
    assert len(comments()) == 1
    tickets = [ren.post("/tickets", data=new_ticket(key="once")) for _ in range(2)]
    assert {answer.location for answer in tickets} == {"/tickets/2"}


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("internal", ["yes", "no"])
def test_what_cannot_be_sent_stays_in_the_composer_with_the_choice_who_reads_it(mia, ticket, headers, internal):
    text = TYPED + "x" * 20_000
    answer = mia.post("/tickets/1/comments", data={"body": text, "internal": internal, "key": "k"}, headers=headers)
    assert answer.status_code == 422
    assert (field(answer.text, "body"), field(answer.text, "internal")) == (text, internal)
    assert field(answer.text, "key") == "k"
    assert "characters too long" in answer.text
    assert comments() == []


@pytest.mark.parametrize("headers", [{}, HTMX])
@pytest.mark.parametrize("body", ["", "   ", "\r\n\t"])
def test_an_empty_message_is_not_sent_but_one_with_a_file_is(ren, ticket, headers, body):
    answer = upload(ren, "/tickets/1/comments", body=body, headers=headers)
    assert answer.status_code == 422
    assert "Write a message, or attach a file." in answer.text
    assert upload(ren, "/tickets/1/comments", "smoke.png", body=body).status_code == 303
    [comment] = comments()
    assert [file.name for file in comment.attachments] == ["smoke.png"]


@pytest.mark.hardening("O-10")
@pytest.mark.parametrize("headers", [{}, HTMX])
def test_files_that_cannot_be_taken_do_not_cost_the_text(app, mia, ticket, headers):
    names = [f"{number}.png" for number in range(app.config["MAX_FILES"] + 1)]
    answer = upload(mia, "/tickets/1/comments", *names, body=TYPED, internal="yes", headers=headers)
    assert answer.status_code == 413
    assert (field(answer.text, "body"), field(answer.text, "internal")) == (TYPED, "yes")
    assert "10 files at most; these are 11" in answer.text
    assert comments() == []


def new_ticket(**fields) -> dict:
    return {"title": "The printer smokes", "description": TYPED, "category": "hardware", "priority": "high"} | fields


def test_a_new_ticket_is_kept_as_it_was_written_with_its_files(ren, world):
    answer = upload(ren, "/tickets", "smoke.png", "more.png", **new_ticket())
    assert (answer.status_code, answer.location) == (303, "/tickets/1")
    db.session.rollback()
    ticket = find_ticket(world.ren, 1)
    assert (ticket.title, ticket.description) == ("The printer smokes", TYPED)
    assert (ticket.category, ticket.priority) == (Category.HARDWARE, Priority.HIGH)
    assert [file.name for file in ticket.attachments] == ["smoke.png", "more.png"]
    assert all(file.is_image for file in ticket.attachments)


def test_a_new_ticket_with_problems_comes_back_as_it_was_typed(mia, ticket):
    typed = new_ticket(title="abc", requester_email="nobody", requester_name="N", follows="1", key="k")
    answer = mia.post("/tickets", data=typed)
    assert answer.status_code == 422
    assert {name: field(answer.text, name) for name in typed} == typed
    page = dom.read(answer.text)
    for name in ("title", "requester_email", "requester_name"):
        assert page.find(f"field-{name}").attributes["aria-invalid"] == "true"
        assert page.find(f"problem-{name}").text


def test_files_refused_with_a_new_ticket_do_not_cost_the_text(app, ren, ticket):
    app.config["MAX_FILES"] = 0
    answer = upload(ren, "/tickets", "smoke.png", **new_ticket(follows="1"))
    assert answer.status_code == 413
    assert (field(answer.text, "description"), field(answer.text, "follows")) == (TYPED, "1")


def test_staff_write_down_what_somebody_new_or_known_told_them(world, mia):
    mia.post("/tickets", data=new_ticket(requester_email="New@Example.org", requester_name="Nia New"))
    mia.post("/tickets", data=new_ticket(requester_email="REN@example.org"))
    db.session.rollback()
    first, second = find_ticket(world.mia, 1), find_ticket(world.mia, 2)
    assert (first.requester.email, first.requester.name, first.requester.role) == (
        "new@example.org",
        "Nia New",
        "guest",
    )
    assert second.requester is world.ren
    assert world.ren.name == "Ren Ito"


def test_a_ticket_that_follows_links_to_the_one_before_if_its_author_may_see_it(world, ren, ticket):
    theirs = world.ticket(world.zoe)
    for number, follows in (("1", ticket), (str(theirs.id), None), ("999", None), ("9" * 30, None)):
        answer = ren.post("/tickets", data=new_ticket(follows=number))
        assert answer.status_code == 303, "what was written must not be lost because the other ticket is gone"
        opened = int(re.findall(r"\d+", answer.location)[0])
        assert find_ticket(world.ren, opened).follows is follows


def test_what_a_requester_writes_on_a_closed_ticket_opens_the_next(world, ren, ticket):
    change_actions.set_status(world.mia, ticket, Status.CLOSED)
    db.commit()
    plain = ren.post("/tickets/1/comments", data={"body": "Again.", "key": "once"})
    htmx = ren.post("/tickets/1/comments", data={"body": "Again.", "key": "once"}, headers=HTMX)
    assert plain.location == htmx.headers["HX-Redirect"] == "/tickets/2"
    assert find_ticket(world.ren, 2).follows is ticket
    assert comments() == []


@pytest.mark.hardening("H-06", "S-59")
def test_fields_that_are_not_in_the_form_change_nothing(world, ren):
    extra = {"status": "closed", "assignee_id": "1", "requester_id": str(world.zoe.id), "opened_by_id": "1", "id": "77",
             "version": "9", "resolved_at": "2020-01-01", "deleted_at": "2020-01-01", "number": "77"}  # fmt: skip
    ren.post("/tickets", data=new_ticket())
    ren.post("/tickets", data=new_ticket(**extra))
    db.session.rollback()
    without, given = find_ticket(world.ren, 1), find_ticket(world.ren, 2)
    unlike = {"id", "created_at", "last_event_id", "last_public_event_id"}
    for column in set(Ticket.__table__.columns.keys()) - unlike:
        assert getattr(given, column) == getattr(without, column)


def test_a_note_that_was_typed_while_the_session_ended_is_still_a_note(world, mia, ticket):
    cookie = mia.get_cookie(cookies.cookie_name()).value
    mia.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    asked = mia.post("/tickets/1/comments", data={"draft": "ticket:1", "body": TYPED, "internal": "yes"})
    assert asked.status_code == 401
    hidden = {box["name"]: box["value"] for box in dom.read(asked.text).all("input", type="hidden")}
    mia.post("/sign-in", data=hidden | {"email": "mia@example.org", "password": PASSWORD})
    assert mia.get_cookie(cookies.cookie_name()).value != cookie
    page = mia.get("/tickets/1").text
    assert (field(page, "body"), field(page, "internal")) == (TYPED, "yes")


def test_staff_and_requesters_see_the_same_ticket_with_what_each_needs(world, mia, ren, ticket):
    staff, own = dom.read(mia.get("/tickets/1").text), dom.read(ren.get("/tickets/1").text)
    for_staff = ("ticket-properties", "internal-note", "seen")
    assert [bool(staff.find(id)) for id in (*for_staff, "ticket-actions")] == [True, True, True, False]
    assert [bool(own.find(id)) for id in (*for_staff, "ticket-actions")] == [False, False, False, True]
    assert staff.find("timeline").same() == own.find("timeline").same()


def test_deleting_and_restoring_lead_through_the_bin(world, visit, ticket):
    ana = visit(world.ana)
    assert ana.post("/tickets/1/deletion").location == "/bin"
    db.session.rollback()
    assert ana.get("/tickets/1").status_code == 404
    assert ticket.title in ana.get("/bin").text
    assert ana.post("/tickets/1/restoration").location == "/tickets/1"
    db.session.rollback()
    assert policy.find_ticket(world.ren, 1) is ticket


def test_a_ticket_too_long_in_the_bin_stays_gone(app, world, visit, ticket):
    ana = visit(world.ana)
    ana.post("/tickets/1/deletion")
    app.config["BIN_DAYS"] = 0
    assert "printer" not in ana.get("/bin").text
    assert ana.post("/tickets/1/restoration").status_code == 404
    db.session.rollback()
    assert ticket.deleted_at


def test_whose_ticket_and_sign_in_go_while_they_send_keeps_what_they_wrote(world, ticket, visit, monkeypatch):
    ren, find = visit(world.ren), policy.find_ticket
    change_actions.delete_ticket(world.ana, ticket)
    db.commit()

    def end_and_find(*asked):
        with ren.application.app_context():
            db.session.execute(delete(Session))
            db.session.commit()
        return find(*asked)

    monkeypatch.setattr(policy, "find_ticket", end_and_find)
    answer = ren.post(f"/tickets/{ticket.number}/comments", data={"body": "Half a sentence.", "draft": "ticket:1"})
    assert answer.status_code == 404
    assert "Half a sentence." in answer.text
    assert "printer is on fire" not in answer.text
