"""Every limit of informejo/limits.py, tried on its form: the most fits, one more does not, and less than the least."""

import io
from typing import NamedTuple

import pytest
from sqlalchemy import select

from informejo import db, limits
from informejo.accounts.models import User
from informejo.tickets.filters import TicketFilter
from informejo.tickets.models import Attachment, Comment, Ticket
from tests.live import dom

LONG_WORD = "vögel und fische "  # no password that is easy to guess


class Form(NamedTuple):
    """Where a limited text is typed: address, field, everything else, where it is kept, and what it looks like."""

    address: str
    field: str
    rest: dict
    kept: object
    end: str = ""


ACCOUNT = {"email": "new@example.org", "name": "Nia New", "password": LONG_WORD * 2, "again": LONG_WORD * 2}
TICKET = {"title": "A good title", "description": "A good description."}
FORMS = {
    "title": Form("/tickets", "title", TICKET, Ticket.title),
    "description": Form("/tickets", "description", TICKET, Ticket.description),
    "comment": Form("/tickets/1/comments", "body", {}, Comment.body),
    "name": Form("/register", "name", ACCOUNT, User.name),
    "e-mail address": Form("/register", "email", ACCOUNT, User.email, "@x.org"),
    "department": Form("/register", "department", ACCOUNT, User.department),
    "password": Form("/register", "password", ACCOUNT, None),
    "search": Form("/queue", "q", {}, None),
    "file name": Form("/tickets/1/comments", "files", {}, Attachment.name, ".png"),
}
TYPED = [name for name, form in FORMS.items() if name not in ("search", "file name")]


@pytest.fixture
def ren(world, visit):
    world.ticket()
    return visit(world.ren)


def text(name: str, length: int) -> str:
    """So many letters, none of which is ASCII where that is allowed, so that bytes are not taken for characters."""
    end = FORMS[name].end
    letters = LONG_WORD * 100 if name == "password" else "é漢🙂" * length
    return letters[: length - len(end)] + end


def send(browser, name: str, value: str):
    form = FORMS[name]
    fields = form.rest | {form.field: value}
    return browser.post(form.address, data=fields | ({"again": value} if name == "password" else {}))


def is_kept(name: str, value: str) -> bool:
    db.session.rollback()
    column = FORMS[name].kept
    if column is None:
        return bool(db.session.scalar(select(User).where(User.email == ACCOUNT["email"])))
    return bool(db.session.scalar(select(column).where(column == value)))


def problem(answer, name: str) -> str:
    return dom.read(answer.text).find(f"problem-{FORMS[name].field}").text


def test_every_limit_has_its_form():
    of_administrators = {"people to invite", "category"}  # that many people, not letters: see admin; and settings
    assert set(FORMS) == set(limits.FIELDS) - of_administrators


@pytest.mark.parametrize("name", TYPED)
def test_the_most_that_is_allowed_fits_and_is_kept_as_it_is(ren, name):
    value = text(name, limits.FIELDS[name].most)
    assert len(value) == limits.FIELDS[name].most
    assert send(ren, name, value).status_code == 303
    assert is_kept(name, value)


@pytest.mark.hardening("O-17", "X-31", "W-09")
@pytest.mark.parametrize("name", TYPED)
def test_one_more_is_refused_with_a_sentence_beside_the_field(ren, name):
    value = text(name, limits.FIELDS[name].most + 1)
    answer = send(ren, name, value)
    assert answer.status_code == 422
    assert f"{limits.FIELDS[name].most:,}" in problem(answer, name)
    assert not is_kept(name, value)


@pytest.mark.parametrize("name", [name for name in TYPED if limits.FIELDS[name].least > 1 and name != "e-mail address"])
def test_the_fewest_fit_and_one_less_is_refused(ren, name):
    least = limits.FIELDS[name].least
    assert send(ren, name, text(name, least - 1)).status_code == 422
    assert send(ren, name, text(name, least)).status_code == 303


@pytest.mark.parametrize("name", TYPED)
@pytest.mark.parametrize("nothing", ["", "   ", "\t\r\n\u3000"])
def test_nothing_is_allowed_only_where_the_least_is_nothing(ren, name, nothing):
    answer = send(ren, name, nothing)
    assert answer.status_code == (422 if limits.FIELDS[name].least else 303)
    assert not limits.FIELDS[name].least or problem(answer, name)


@pytest.mark.parametrize("name", TYPED)
def test_a_field_that_is_missing_is_as_good_as_empty(ren, name):
    form = FORMS[name]
    fields = {key: value for key, value in form.rest.items() if key != form.field}
    assert ren.post(form.address, data=fields).status_code == (422 if limits.FIELDS[name].least else 303)


@pytest.mark.parametrize("name", TYPED)
def test_a_line_end_is_one_character_whatever_the_browser_makes_of_it(ren, name):
    if name not in ("description", "comment"):
        return
    most = limits.FIELDS[name].most
    assert send(ren, name, "a" + "\r\n" * (most - 2) + "b").status_code == 303
    assert is_kept(name, "a" + "\n" * (most - 2) + "b")


def test_a_search_is_cut_at_its_limit():
    most = limits.SEARCH.most
    assert TicketFilter.read({"q": "x" * most}).q == TicketFilter.read({"q": "x" * (most + 1)}).q == "x" * most


@pytest.mark.parametrize("more", [0, 1, 1000])
def test_the_name_of_a_file_is_cut_and_keeps_its_ending(ren, more):
    most = limits.FILE_NAME.most
    file = (io.BytesIO(b"\x89PNG\r\n\x1a\n"), "n" * (most - 4 + more) + ".png")
    ren.post("/tickets/1/comments", data={"files": file}, content_type="multipart/form-data")
    assert is_kept("file name", "n" * (most - 4) + ".png")


@pytest.mark.parametrize("name", ["title", "description", "comment"])
def test_editing_keeps_to_the_same_limits(ren, world, name):
    ticket = world.ticket()
    comment = world.comment(world.ren, ticket)
    fields = TICKET | {"body": "Fine.", "version": "1"}
    address = f"/comments/{comment.id}/edit" if name == "comment" else f"/tickets/{ticket.id}/edit"
    field = FORMS[name].field
    answer = ren.post(address, data=fields | {field: text(name, limits.FIELDS[name].most + 1)})
    assert answer.status_code == 422
    assert problem(answer, name)
    assert ren.post(address, data=fields | {field: ""}).status_code == 422
    assert ren.post(address, data=fields | {field: text(name, limits.FIELDS[name].most)}).status_code == 303
