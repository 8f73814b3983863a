"""One's own data: a copy of what one may see, and an end of it that leaves the desk its tickets."""

import io
import json
from datetime import timedelta
from zipfile import ZipFile

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db, turns
from informejo.accounts import actions, erase_actions, own_data_queries, queries
from informejo.accounts.merge_actions import merge
from informejo.accounts.models import Role, Session, User
from informejo.accounts.session_actions import end_sessions
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.names import EventName
from informejo.mail.models import IncomingMail
from informejo.teams import actions as teams
from informejo.tickets import change_actions, confiding_actions
from informejo.web import Ended
from tests.accounts.test_password_link import is_in
from tests.world import PASSWORD

MARK = "only for the staff"
PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


def archive(browser) -> ZipFile:
    answer = browser.post("/profile/data/copy")
    assert answer.mimetype == "application/zip"
    return ZipFile(io.BytesIO(answer.data))


def told(archive: ZipFile) -> dict:
    return json.loads(archive.read("data.json"))


@pytest.fixture
def ticket(world, visit):
    """Ren's, with a file, an answer and a note with a file."""
    form = {"title": "The printer smokes", "description": "It smokes.", "files": (io.BytesIO(PNG), "smoke.png")}
    visit(world.ren).post("/tickets", data=form, content_type="multipart/form-data")
    form = {"body": f"This is {MARK}", "internal": "yes", "files": (io.BytesIO(PNG), "secret.png")}
    visit(world.mia).post("/tickets/1/comments", data=form, content_type="multipart/form-data")
    ticket = db.session.get(type(world.ticket(world.zoe)), 1)
    world.comment(world.mia, ticket, "We are on the way.")
    return ticket


@pytest.fixture
def ren(world, visit):
    """Ren's browser, in which he has just signed in."""
    browser = visit()
    browser.post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    return browser


@pytest.mark.hardening("H-10", "O-03")
def test_a_copy_holds_what_they_see_and_never_a_note(world, visit, ticket):
    copy = archive(visit(world.ren))
    data = told(copy)
    assert data["profile"]["email"] == "ren@example.org"
    [one] = data["tickets"]
    assert (one["number"], one["title"]) == (1, "The printer smokes")
    assert [said["text"] for said in one["messages"]] == ["We are on the way."]
    [file] = data["files"]
    assert copy.read(file["name"]) == PNG
    assert sorted(copy.namelist()) == sorted(["data.json", file["name"]])
    assert MARK not in json.dumps(data)
    assert "secret" not in json.dumps(data)
    assert copy.testzip() is None


def test_a_copy_is_cut_off_when_the_sign_in_ends_that_asked_for_it(world, visit, ticket):
    pieces = iter(visit(world.ren).post("/profile/data/copy", buffered=False).response)
    assert next(pieces)
    end_sessions(world.ren, world.ren)
    db.commit()
    with pytest.raises(Ended):
        next(pieces)


def test_a_copy_for_the_staff_holds_what_they_said_and_no_notes_either(world, visit, ticket):
    data = told(archive(visit(world.mia)))
    assert [said["text"] for said in data["messages on other tickets"]] == ["We are on the way."]
    assert MARK not in json.dumps(data)


def test_others_go_on_while_a_copy_of_very_much_is_made(world, visit, ticket, monkeypatch):
    pauses = []
    monkeypatch.setattr(own_data_queries, "AT_ONCE", 2)
    monkeypatch.setattr(turns, "give_way", lambda: pauses.append(1))
    for number in range(4):
        world.comment(world.ren, world.ticket(title=f"Number {number}"), "Hello?")
    assert len(told(archive(visit(world.ren)))["tickets"]) == 5
    assert len(pauses) >= 4


@pytest.mark.hardening("H-10")
def test_a_copy_holds_nothing_of_others(world, visit, ticket):
    data = told(archive(visit(world.zoe)))
    assert "The printer smokes" not in json.dumps(data)


def test_five_copies_an_hour(world, visit):
    browser = visit(world.ren)
    answers = [browser.post("/profile/data/copy", buffered=True).status_code for _ in range(6)]
    assert answers == [200] * 5 + [429]


@pytest.fixture
def erased(world, ticket, ren):
    """Ren, who was Ren Sato last, had a draft and once wrote a mail, and has just deleted his account."""
    ren.post("/drafts", data={"draft": "ticket:1", "body": "half a sentence"})
    ren.post("/profile", data={"name": "Ren Sato"})
    db.session.add(IncomingMail(mailbox="x", stored_name="x", size=1, sender="ren@example.org", person=world.ren))
    db.commit()
    answer = ren.post("/profile/data/deletion", data={"sure": "yes"})
    assert (answer.status_code, answer.location) == (303, "/sign-in")
    db.session.expire_all()
    return world.ren


def test_whoever_deletes_their_account_is_gone_for_good(erased):
    assert (erased.name, erased.active, erased.password_hash) == ("Former user", False, None)
    assert erased.erased_at
    assert erased.email.endswith(".invalid")
    assert queries.user_by_email("ren@example.org") is None
    assert not db.session.scalars(select(Draft)).all()
    assert db.session.scalar(select(IncomingMail.sender)) == erased.email
    assert log.since(0)[-1].name == EventName.USER_ERASED


def test_what_they_were_called_before_two_accounts_became_one_goes_too(world, ren):
    merge(world.ana, world.zoe, world.ren)
    db.commit()
    ren.post("/profile/data/deletion", data={"sure": "yes"})
    db.session.expire_all()
    assert (world.zoe.name, world.zoe.active) == ("Former user", False)
    assert queries.user_by_email("zoe@example.org") is None, "a mail from there is a stranger's"


@pytest.mark.hardening("S-46")
def test_and_out_everywhere(world, visit, erased, ren):
    assert not is_in(ren)
    assert not db.session.scalars(select(Session).where(Session.user_id == erased.id)).all()


def test_the_desk_keeps_the_ticket_and_no_name(world, visit, erased):
    page = visit(world.mia).get("/tickets/1").text
    assert "The printer smokes" in page
    assert "Former user" in page
    for text in (page, str([event.changes for event in log.since(0)]), visit(world.ana).get("/users").text):
        assert "Ren " not in text
        assert "ren@example.org" not in text


def test_it_asks_whether_they_are_sure(world, ren):
    answer = ren.post("/profile/data/deletion")
    assert answer.status_code == 422
    assert "Say that you know it cannot be undone." in answer.text
    assert is_in(ren)


@pytest.mark.hardening("S-47")
def test_it_asks_who_they_are_when_that_was_shown_too_long_ago(world, ren):
    with clock.at(clock.now() + timedelta(hours=1)):
        answer = ren.post("/profile/data/deletion", data={"sure": "yes"})
    assert answer.status_code == 403
    assert "Is it you?" in answer.text
    assert world.ren.erased_at is None


def test_a_new_mail_from_the_address_is_a_strangers(world, visit, ren):
    ren.post("/profile/data/deletion", data={"sure": "yes"})
    assert visit().post("/register", data={
        "name": "Ren Again", "email": "ren@example.org", "password": PASSWORD, "again": PASSWORD,
    }).location == "/tickets"  # fmt: skip


def test_the_last_administrator_cannot(world):
    with pytest.raises(UnprocessableEntity, match="the last administrator"):
        erase_actions.erase(world.ana, world.ana)
    world.mia.role = Role.ADMIN
    db.commit()
    erase_actions.erase(world.ana, world.ana)
    db.commit()
    with pytest.raises(UnprocessableEntity):
        erase_actions.erase(world.mia, world.mia)


def test_nobody_but_an_administrator_erases_others(world):
    for actor in (world.zoe, world.mia):
        with pytest.raises(Forbidden):
            erase_actions.erase(actor, world.ren)
    erase_actions.erase(world.ana, world.ren)
    assert world.ren.name == "Former user"


def test_a_colleagues_open_tickets_go_back_to_the_queue(world):
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.mia)
    db.commit()
    erase_actions.erase(world.ana, world.mia)
    db.commit()
    assert ticket.assignee is None


def test_nobody_keeps_others_from_being_erased_by_taking_the_address_that_is_left(world, visit):
    for number in (world.ren.id, world.zoe.id):
        form = {"name": "Kim", "email": f"former-user-{number}@erased.invalid", "title": "Hello there"}
        visit().post("/submit-ticket", data=form | {"description": "Nothing is wrong at all."})
    browser = visit(world.ren)
    assert browser.post("/profile/data/deletion", data={"sure": "yes"}).status_code == 303
    answer = visit(world.ana).post(f"/users/{world.zoe.id}/erasure", data={"typed": world.zoe.email})
    assert answer.status_code == 303
    assert world.ren.erased_at
    assert world.zoe.erased_at


def test_twice_is_once(world):
    erase_actions.erase(world.ana, world.ren)
    address = world.ren.email
    erase_actions.erase(world.ana, world.ren)
    assert [event.name for event in log.since(0)].count(EventName.USER_ERASED) == 1
    assert db.session.get(User, world.ren.id).email == address


@pytest.mark.parametrize("namesake", [False, True])
def test_the_log_says_no_more_what_an_erased_colleague_was_called_in_tickets_and_teams(world, visit, namesake):
    world.tom.name = "Åse Berg"
    actions.edit_profile(world.tom, name="Åse “Å” Lie")
    ticket, team = world.ticket(), teams.create_team(world.ana, name="Phones")
    teams.add_member(world.ana, team, world.tom)
    change_actions.assign(world.mia, ticket, world.tom)
    confiding_actions.set_confidential(world.mia, ticket, True)
    confiding_actions.name_person(world.mia, ticket, world.tom)
    if namesake:
        world.zoe.name = "Åse “Å” Lie"
    db.commit()
    erase_actions.erase(world.ana, world.tom)
    db.commit()
    said = str([event.changes for event in log.since(0)])
    assert "Åse Berg" not in said
    assert ("Åse “Å” Lie" in said) == namesake, "nobody can tell then which of the two was meant"
    assert ("Former user" in said) != namesake
    assert "Åse Berg" not in visit(world.mia).get(f"/tickets/{ticket.id}").text
