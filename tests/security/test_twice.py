"""Every form that is sent twice acts once, and both answers lead to one place."""

import io
from pathlib import Path

import pytest
from sqlalchemy import func, select

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.tickets.models import Attachment, Comment, Ticket
from tests.world import PASSWORD

KEPT = (Ticket, Comment, Attachment, User, Event)
NEW = {"title": "A good title", "description": "A good description.", "key": "once"}
ACCOUNT = {"name": "Nia", "email": "nia@example.org", "password": PASSWORD, "again": PASSWORD}
TEXT = {"title": "Another title", "description": "Another description.", "version": "1"}
FORMS = {  # who sends it where, and what
    "a new ticket": ("ren", "/tickets", NEW),
    "a ticket for somebody": ("mia", "/tickets", NEW | {"requester_email": "new@example.org"}),
    "a message": ("ren", "/tickets/1/comments", {"body": "Hello.", "key": "once"}),
    "a note": ("mia", "/tickets/1/comments", {"body": "Hello.", "internal": "yes", "key": "once"}),
    "a status": ("mia", "/tickets/1/status", {"value": "waiting", "was": "open"}),
    "an assignment": ("mia", "/tickets/1/assignment", {"value": "me", "was": ""}),
    "a text": ("ren", "/tickets/1/edit", TEXT),
    "a profile": ("ren", "/profile", {"name": "Ren the Second"}),
    "an account": (None, "/register", ACCOUNT),
    "a role": ("ana", "/users/5/role", {"value": "agent"}),
    "an activity": ("ana", "/users/5/activity", {"value": "inactive"}),
    "a draft": ("ren", "/drafts", {"draft": "ticket:1", "body": "Half a sentence"}),
    "having read it": ("ren", "/tickets/1/seen", {"event": "1"}),
}


@pytest.fixture
def send(world, visit):
    """`send(form)`: status and place of the answer, which the browser that sent it is led to."""
    world.ticket()
    browsers = {who: visit(who and getattr(world, who)) for who, *_ in FORMS.values()}

    def send(form: str, files=()) -> tuple[int, str]:
        who, address, fields = FORMS[form]
        sent = fields | ({"files": [(io.BytesIO(b"x"), name) for name in files]} if files else {})
        kind = "multipart/form-data" if files else "application/x-www-form-urlencoded"
        answer = browsers[who].post(address, data=sent, content_type=kind)
        return answer.status_code, answer.location

    return send


def counts() -> dict[str, int]:
    """How many rows there are of each kind."""
    db.session.rollback()
    return {table.__name__: db.session.scalar(select(func.count()).select_from(table)) for table in KEPT}


@pytest.mark.hardening("X-22", "O-17")
@pytest.mark.parametrize("form", FORMS)
def test_the_second_time_changes_nothing_and_leads_to_the_same_place(send, form):
    before = counts()
    first = send(form)
    once = counts()
    assert [send(form) for _ in range(3)] == [first] * 3
    assert counts() == once
    assert first[0] == 303
    assert once != before or form in ("a draft", "having read it")


@pytest.mark.hardening("X-22")
@pytest.mark.parametrize("form", ["a new ticket", "a message", "a note"])
def test_files_that_come_twice_are_kept_once(app, send, form):
    assert send(form, ["a.txt", "b.txt"]) == send(form, ["a.txt", "b.txt"])
    assert counts()["Attachment"] == 2
    names = set(db.session.scalars(select(Attachment.stored_name)))
    assert {path.name for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()} == names


@pytest.mark.hardening("X-22")
def test_a_key_of_somebody_else_is_ones_own_and_other_words_are_another_message(world, visit):
    world.ticket()
    form = {"body": "Hello.", "key": "once"}
    ren, mia = visit(world.ren), visit(world.mia)
    places = {browser.post("/tickets/1/comments", data=form).location for browser in (ren, mia)}
    places.add(ren.post("/tickets/1/comments", data=form | {"body": "Something else."}).location)
    assert len(places) == counts()["Comment"] == 3
