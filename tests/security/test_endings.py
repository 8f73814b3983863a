"""A right that ends while its owner's request waits, for files, a hash or the turn to write, does nothing any more."""
# ruff: noqa: F811 - `place` is a fixture

import io
from pathlib import Path

import pytest
from sqlalchemy import delete, func, select, update
from werkzeug.datastructures import FileStorage
from werkzeug.test import stream_encode_multipart

from informejo import clock, db, turns
from informejo.accounts import actions as accounts, rights_actions, session_actions
from informejo.accounts.models import Role, Session, User
from informejo.db import commit
from informejo.tickets import change_actions, files
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Status
from tests.live import dom
from tests.test_drawn import FOR_ANYBODY
from tests.test_routes import CHANGE, place  # noqa: F401
from tests.world import PASSWORD

TEXT = "It is the <toner> & nothing else."
NOTE = {"body": TEXT, "internal": "yes", "draft": "ticket:1", "key": "once"}
HTMX = {"HX-Request": "true", "HX-Current-URL": "http://localhost/tickets/1"}


def sign_out():
    session_actions.sign_out(session_of("tom"))


def new_role():
    rights_actions.set_role(person("ana"), person("tom"), Role.USER)


def deactivate():
    rights_actions.set_active(person("ana"), person("tom"), False)


def expire():
    db.session.execute(update(Session).values(expires_at=clock.now()))


def prune():
    db.session.execute(delete(Session))


def vanish():
    db.session.execute(delete(User).where(User.email == "tom@example.org"))


ENDINGS = (sign_out, new_role, deactivate, expire, prune, vanish)


def person(who: str) -> User:
    return db.session.scalar(select(User).where(User.email == f"{who}@example.org"))


def session_of(who: str) -> Session:
    return db.session.scalar(select(Session).where(Session.user_id == person(who).id))


class Arriving(io.BytesIO):
    """A body that takes its time."""

    meanwhile = staticmethod(lambda: None)

    def read(self, *size) -> bytes:
        type(self).meanwhile()
        return super().read(*size)


def while_it_arrives(monkeypatch, meanwhile):
    monkeypatch.setattr(Arriving, "meanwhile", staticmethod(meanwhile))


def while_files_are_kept(monkeypatch, meanwhile):
    after(monkeypatch, files, "keep", meanwhile)


def while_a_hash_is_made(monkeypatch, meanwhile):
    after(monkeypatch, accounts, "offload", meanwhile)


def while_it_waits_for_its_turn(monkeypatch, meanwhile):
    take = turns._take_the_turn

    def wait_first(connection):
        if not connection.connection.driver_connection.in_transaction:
            meanwhile()
        take(connection)

    monkeypatch.setattr(turns, "_take_the_turn", wait_first)


def after(monkeypatch, module, name: str, meanwhile):
    call = getattr(module, name)
    monkeypatch.setattr(module, name, lambda *args, **more: (call(*args, **more), meanwhile())[0])


MOMENTS = {
    "arriving": while_it_arrives,
    "keeping": while_files_are_kept,
    "hashing": while_a_hash_is_made,
    "waiting": while_it_waits_for_its_turn,
}


@pytest.fixture
def at(app, monkeypatch):
    """`at(moment, happens)`: once, when a request comes to that moment, this happens as if in another request."""

    def at(moment: str, happens):
        waiting = [happens]

        def meanwhile():
            if waiting:
                voucher = turns._voucher.get()
                with app.app_context():
                    turns.vouch_with(None)
                    waiting.pop()()
                    commit()
                turns.vouch_with(voucher)

        MOMENTS[moment](monkeypatch, meanwhile)

    return at


@pytest.fixture
def tom(world, visit):
    """The browser of an agent, on whose desk Ren's ticket is."""
    world.ticket()
    return visit(world.tom)


def send(browser, address: str, fields: dict, file: str = "toner.txt", headers=None):
    """Post a form, with a file if it is named, whose body takes its time."""
    file = {"files": FileStorage(io.BytesIO(b"black"), file)} if file else {}
    body, length, boundary = stream_encode_multipart(fields | file)
    kind = f"multipart/form-data; boundary={boundary}"
    arriving = Arriving(body.read())
    return browser.post(address, input_stream=arriving, content_length=length, content_type=kind, headers=headers)


def kept_on_disk(app) -> list[Path]:
    return [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()]


def hidden_fields(page: dom.Element) -> dict[str, str]:
    """What a page's forms carry; a field that a script will fill has nothing yet."""
    return {field["name"]: field["value"] for field in page.all("input", type="hidden") if "value" in field.attributes}


def contents(*but: str) -> dict:
    """Every row of every table, but those named."""
    db.session.rollback()
    tables = [table for table in db.Model.metadata.sorted_tables if table.name not in but]
    return {table.name: db.session.execute(table.select()).all() for table in tables}


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("headers", [None, HTMX])
@pytest.mark.parametrize("moment", ["arriving", "keeping", "waiting"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_a_note_whose_author_is_shut_out_while_it_is_on_its_way_is_not_written_and_not_lost(
    app, tom, at, ending, moment, headers
):
    at(moment, ending)
    answer = send(tom, "/tickets/1/comments", NOTE, headers=headers)
    assert answer.status_code == 401
    page = dom.read(answer.text)
    carried = hidden_fields(page)
    assert carried["kept-body"].split() == TEXT.split()
    assert carried["draft"] == "ticket:1"
    assert "Files could not be kept" in answer.text
    assert "Tom Berg" not in page.text
    assert answer.headers["HX-Retarget"] == "body"
    assert not db.session.scalars(select(Comment)).all()
    assert not db.session.scalars(select(Attachment)).all()
    assert not kept_on_disk(app)


def test_a_note_that_nothing_came_between_is_written(app, tom):
    assert send(tom, "/tickets/1/comments", NOTE).status_code == 303
    assert db.session.scalars(select(Comment)).one().internal
    assert len(kept_on_disk(app)) == 1


def test_the_page_speaks_of_files_only_where_there_were_some(tom, at):
    at("arriving", sign_out)
    answer = send(tom, "/tickets/1/comments", NOTE, file="")
    assert answer.status_code == 401
    assert "What you were writing is kept" in answer.text
    assert "Files" not in answer.text
    alone = send(tom, "/tickets/1/comments", {"body": ""})
    assert alone.status_code == 401
    assert "Files could not be kept" in alone.text
    assert "is kept" not in alone.text


def test_the_word_about_lost_files_survives_a_mistyped_password(tom, at):
    at("arriving", sign_out)
    carried = hidden_fields(dom.read(send(tom, "/tickets/1/comments", NOTE).text))
    again = tom.post("/sign-in", data=carried | {"email": "tom@example.org", "password": "mistyped"})
    assert "Files could not be kept" in again.text


# Writes only where there is something already, which `place` does not make: test_endings_of_ways_in.py has it.
WANTS_MORE = (
    "/profile/address/<token>",
    "/profile/security/authenticator/confirmation",
    "/profile/security/codes",
    "/profile/security/passkeys",
    "/sso/<provider>/mapping",
    "/tickets/<int:number>/named/<int:id>/removal",
    "/tickets/<int:number>/confirmation",
)
# What has nothing to write then, and so nothing to refuse; the check-up goes on without keeping what it finds.
WRITES_NOTHING = {
    *("/mail/check", "/sign-out", "/tickets/<int:number>/writing", "/profile/sessions", "/health"),
    "/submit-ticket",  # sends on whoever is signed in
    "/profile/data/copy",  # reads
    "/tickets/<int:number>/leaving",  # takes a cookie away
    *("/sso/<provider>/link", "/sso/<provider>/proof"),  # ask a provider, who is not there
    *WANTS_MORE,
}
TOLD = ("sessions", "events", "accesses")  # what is pruned here, and where it is told that somebody was refused


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("row", [row for row in CHANGE if row.split()[0] not in FOR_ANYBODY])
@pytest.mark.parametrize("ending", [prune, expire])
def test_no_change_is_made_for_whom_is_signed_out_while_it_waits_for_its_turn(world, visit, place, at, row, ending):
    address = place(row)
    for who in ("ren", "ana"):
        browser = visit(getattr(world, who))
        before = contents(*TOLD)
        at("waiting", ending)
        status = browser.post(address, data=CHANGE[row][0]).status_code
        assert contents(*TOLD) == before
        assert status in (401, 403, 404, 422) or row in WRITES_NOTHING, (who, status)


@pytest.mark.hardening("X-52")
def test_a_requester_who_is_shut_out_while_a_new_ticket_arrives_opens_none(app, world, visit, at):
    ren = visit(world.ren)
    at("keeping", lambda: rights_actions.set_active(person("ana"), person("ren"), False))
    fields = {"title": "The printer smokes", "description": TEXT, "draft": "new-ticket"}
    assert send(ren, "/tickets", fields).status_code == 401
    assert not db.session.scalars(select(Ticket)).all()
    assert not kept_on_disk(app)


def ticket() -> Ticket:
    return db.session.get(Ticket, 1)


def bin_it():
    change_actions.delete_ticket(person("ana"), ticket())


def remove_it():
    db.session.execute(update(Ticket).values(last_event_id=None, last_public_event_id=None))
    for table in ("events", "readings", "tickets"):
        db.session.execute(db.Model.metadata.tables[table].delete())


def give_it_away():
    ticket().requester = person("zoe")


def close_it():
    change_actions.set_status(person("mia"), ticket(), Status.CLOSED)


def open_it():
    change_actions.set_status(person("mia"), ticket(), Status.OPEN)


WRITES = {
    "a reply": ("/tickets/1/comments", {"body": "It still burns."}),
    "a status": ("/tickets/1/status", {"value": "resolved"}),
    "a text": ("/tickets/1/edit", {"title": "Another title", "description": "Another text.", "version": "1"}),
    "having read it": ("/tickets/1/seen", {"event": "1"}),
}


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.parametrize(("happens", "statuses"), [(bin_it, (404,)), (remove_it, (404,)), (give_it_away, (403, 404))])
def test_nothing_is_written_to_a_ticket_that_goes_while_the_request_waits(world, visit, at, write, happens, statuses):
    world.ticket()
    ren = visit(world.ren)
    at("waiting", happens)
    assert ren.post(WRITES[write][0], data=WRITES[write][1]).status_code in statuses
    db.session.rollback()
    assert not db.session.scalars(select(Comment)).all()


def test_what_a_requester_answers_while_the_ticket_is_closed_opens_a_new_one(world, visit, at):
    world.ticket()
    at("waiting", close_it)
    answer = visit(world.ren).post("/tickets/1/comments", data={"body": "It still burns."})
    assert answer.location == "/tickets/2"
    assert not db.session.scalars(select(Comment)).all()


def test_what_a_requester_answers_while_the_ticket_is_opened_again_stands_on_it(world, visit, at):
    change_actions.set_status(world.mia, world.ticket(), Status.CLOSED)
    commit()
    at("waiting", open_it)
    answer = visit(world.ren).post("/tickets/1/comments", data={"body": "It still burns."})
    assert answer.location.startswith("/tickets/1#comment-")


def test_an_answer_sent_twice_around_the_closing_is_there_once(world, visit):
    world.ticket()
    ren, form = visit(world.ren), {"body": "It still burns.", "key": "once"}
    first = ren.post("/tickets/1/comments", data=form).location
    change_actions.set_status(world.mia, ticket(), Status.CLOSED)
    commit()
    assert ren.post("/tickets/1/comments", data=form).location == first
    assert db.session.scalar(select(func.count()).select_from(Ticket)) == 1


def test_nobody_is_given_a_ticket_who_leaves_the_staff_meanwhile(world, visit, at):
    world.ticket()
    at("waiting", new_role)
    answer = visit(world.mia).post("/tickets/1/assignment", data={"value": str(world.tom.id)})
    assert answer.status_code == 422
    db.session.rollback()
    assert ticket().assignee is None


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("ending", ENDINGS[1:])
def test_nobody_comes_in_who_is_shut_out_while_the_password_is_looked_at(world, visit, at, ending):
    at("hashing", ending if ending is not new_role else deactivate)
    browser = visit(world.zoe)  # whose own sign-in ends as well, or stays as it was
    answer = browser.post("/sign-in", data={"email": "tom@example.org", "password": PASSWORD})
    assert answer.status_code == (303 if ending in (expire, prune) else 422)


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize("ending", [sign_out, deactivate, prune, vanish])
def test_no_password_is_changed_by_whom_is_shut_out_while_it_is_hashed(world, tom, at, ending):
    before = world.tom.password_hash
    at("hashing", ending)
    form = {"current": PASSWORD, "password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
    answer = tom.post("/profile/password", data=form)
    assert answer.status_code == 401
    assert "violet" not in answer.text
    db.session.rollback()
    assert ending is vanish or person("tom").password_hash == before


def test_whoever_signs_out_what_has_ended_meanwhile_is_out(world, visit, at):
    for ending in (prune, expire):
        browser = visit(world.ren)
        at("waiting", ending)
        assert browser.post("/sign-out").location == "/sign-in"
