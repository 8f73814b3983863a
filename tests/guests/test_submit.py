"""The form for visitors opens a ticket, tells nobody anything, and writes only to the mailbox."""

import io
import re

import pytest

from informejo import db
from informejo.accounts.models import Role, Session, User
from informejo.tickets.models import Attachment, Comment, Ticket
from tests.guests.conftest import NEW

SENT = "/submit-ticket/sent"


def submit(browser, **changed):
    return browser.post("/submit-ticket", data=NEW | changed, content_type="multipart/form-data")


def newest() -> Ticket:
    db.session.expire_all()
    return db.session.query(Ticket).order_by(Ticket.id.desc()).first()


def test_a_ticket_comes_by_the_form_with_its_files_and_the_staff_see_that_nobody_confirmed_it(world, visit):
    browser = visit()
    assert 'type="file"' in browser.get("/submit-ticket").text
    files = [(io.BytesIO(b"one"), "one.txt"), (io.BytesIO(b"two"), "two.txt")]
    answer = submit(browser, files=files)
    assert (answer.status_code, answer.location) == (303, SENT)
    assert not answer.headers.getlist("Set-Cookie")
    ticket = newest()
    assert (ticket.title, ticket.category, ticket.priority) == (NEW["title"], "hardware", "high")
    assert (ticket.requester.name, ticket.requester.role, ticket.requester.confirmed_at) == ("Nia Odd", "guest", None)
    assert [file.name for file in db.session.query(Attachment)] == ["one.txt", "two.txt"]
    assert "Sender not confirmed" in visit(world.mia).get(f"/tickets/{ticket.id}").text


def mailed_to_nia(post):
    return [mail for mail in post.came() if mail.address == "nia@example.org"][-1]


def test_a_guest_comes_from_the_form_to_solved_without_scripts(world, visit, post):
    submit(visit())
    guest, mailed = visit(), mailed_to_nia(post)
    address = guest.get(mailed.link).location
    page = guest.get(address).text
    assert NEW["title"] in page
    assert newest().unverified, "looking shows nothing: programs that look through mails do it too"
    assert "Is this your ticket?" in page
    guest.post(f"{address}/confirmation")
    assert not newest().unverified
    assert newest().requester.confirmed_at
    assert "Sender not confirmed" not in visit(world.mia).get(address).text


def test_each_mail_brings_a_guest_back_to_answer_and_to_say_that_it_is_solved(world, visit, post):
    submit(visit())
    world.comment(world.mia, newest(), "Try the other cable.")
    answered = mailed_to_nia(post)
    assert "Try the other cable." in answered.text
    again = visit()
    address = again.get(answered.link).location
    assert "Try the other cable." in again.get(address).text
    again.post(f"{address}/comments", data={"body": "That helped, thank you."})
    again.post(f"{address}/status", data={"value": "resolved"})
    assert newest().status == "resolved"
    assert [comment.author.name for comment in db.session.query(Comment)] == ["Mia Lund", "Nia Odd"]


@pytest.mark.hardening("H-45")
@pytest.mark.parametrize("who", ["nia", "gus", "ren", "mia"])
def test_the_first_mail_holds_nothing_that_a_stranger_chose(world, visit, post, who):
    strange = {"name": "Zebrafish Bank", "title": "Zebrafish prize", "description": "Call zebrafish at once."}
    submit(visit(), email=f"{who}@example.org", files=[(io.BytesIO(b"x"), "zebrafish.txt")], **strange)
    [mailed] = [mail for mail in post.came() if mail.address == f"{who}@example.org" and mail.link]
    assert "zebrafish" not in mailed.text.lower()
    assert "If it was not you" in mailed.text
    browser = visit()
    browser.post(f"{browser.get(mailed.link).location}/confirmation")
    world.comment(world.tom, newest(), "Which prize?")
    assert "zebrafish" in post.came()[-1].text.lower(), "from then on it is theirs"


@pytest.mark.hardening("O-04", "H-30")
def test_the_form_reveals_and_changes_no_account(world, visit, post):
    before = {user.email: (user.name, user.role, user.password_hash, user.confirmed_at) for user in everybody()}
    answers = []
    for who in ("nia", "gus", "ren", "mia", "ana", "dan"):
        visit().application.extensions["rates"].storage.reset()
        answer = submit(visit(), email=f"{who}@example.org", name="Evil Twin")
        shown = visit().get(answer.location)
        answers.append((answer.status_code, answer.location, answer.data, answer.headers.getlist("Set-Cookie"),
                        shown.data))  # fmt: skip
    assert all(answer == answers[0] for answer in answers)
    after = {user.email: (user.name, user.role, user.password_hash, user.confirmed_at) for user in everybody()}
    assert after.pop("nia@example.org")[:2] == ("Evil Twin", Role.GUEST)
    assert after == before
    assert not [ticket for ticket in db.session.query(Ticket) if ticket.requester == world.dan]
    assert not db.session.query(Session).filter(Session.ticket_id.is_not(None)).count(), "until a mail is written"


@pytest.mark.hardening("H-30")
def test_it_takes_as_long_whoever_it_is(world, visit, monkeypatch):
    slept = []
    monkeypatch.setattr("informejo.security.time.sleep", slept.append)
    monkeypatch.setattr("informejo.security.EVEN_SECONDS", 600)  # more than a machine at work takes
    for who in ("nia", "ren", "dan"):
        submit(visit(), email=f"{who}@example.org")
    assert len([seconds for seconds in slept if seconds > 300]) == 3


def everybody() -> list[User]:
    db.session.expire_all()
    return list(db.session.query(User))


@pytest.mark.hardening("H-45")
def test_one_connection_sends_five_an_hour_and_keeps_what_it_typed(world, visit):
    browser = visit()
    answers = [submit(browser, title=f"Ticket {number}", key=f"k{number}") for number in range(6)]
    assert [answer.status_code for answer in answers] == [303] * 5 + [429]
    assert answers[-1].headers["Retry-After"].isdecimal()
    assert 'value="Ticket 5"' in answers[-1].text
    assert db.session.query(Ticket).count() == 5


@pytest.mark.hardening("H-45")
def test_an_address_gets_three_mails_an_hour_and_no_more(app, world, visit, post):
    for number in range(5):
        app.extensions["rates"].storage.reset()
        submit(visit(), email="ren@example.org", title=f"Ticket {number}", key=f"k{number}")
    app.extensions["rates"].storage.reset()
    visit().post("/check/link", data={"email": "ren@example.org"})
    assert len([mail for mail in post.came() if mail.address == "ren@example.org"]) == 3
    assert db.session.query(Ticket).count() == 5


def test_a_double_click_opens_one_ticket(world, visit):
    browser = visit()
    key = re.search(r'name="key" value="([^"]+)"', browser.get("/submit-ticket").text)[1]
    assert {submit(browser, key=key).status_code for _ in range(8)} == {303}
    assert db.session.query(Ticket).count() == 1


def test_a_picture_of_the_screen_comes_along_however_large_it_is_within_what_the_form_says(visit):
    picture = b"\x89PNG\r\n\x1a\n" + bytes(3_000_000)
    assert submit(visit(), files=[(io.BytesIO(picture), "screen.png")]).status_code == 303
    [kept] = db.session.query(Attachment)
    assert (kept.name, kept.size) == ("screen.png", len(picture))


@pytest.mark.hardening("H-55")
@pytest.mark.parametrize("what", ["description", "files"])
def test_another_ticket_counts_whatever_key_it_brings(world, visit, what):
    browser, answers = visit(), []
    for number in (0, 1, 1, 2, 3, 4, 5, 5):
        new = f"Number {number} of very many."
        changed = {what: [(io.BytesIO(new.encode()), "one.txt")] if what == "files" else new}
        answers.append(submit(browser, key="once", **changed).status_code)
    assert answers == [303] * 6 + [429] * 2, "the same twice is one"
    assert db.session.query(Ticket).count() == 5


@pytest.mark.hardening("H-30", "O-04")
def test_the_same_form_again_tells_nobody_that_an_account_is_closed(world, visit):
    for number, who in enumerate(("nia", "ren", "dan")):
        browser = visit()
        browser.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        again = [submit(browser, email=f"{who}@example.org", key="once").status_code for _ in range(7)]
        others = [submit(browser, email=f"{who}@example.org", title=f"Ticket {number}").status_code for _ in range(5)]
        assert (again, others) == ([303] * 7, [303] * 4 + [429])


def test_what_is_wrong_stands_beside_the_field_and_nothing_is_lost(app, visit):
    answer = submit(visit(), email="nobody", title="abc")
    assert answer.status_code == 422
    assert "Write a whole e-mail address" in answer.text
    assert NEW["description"] in answer.text
    app.config["MAX_FILE_SIZE"] = 3
    answer = submit(visit(), files=[(io.BytesIO(b"four"), "four.txt")])
    assert answer.status_code in (413, 422)
    assert "is too large" in answer.text
    assert NEW["description"] in answer.text
    assert not db.session.query(Ticket).count()


def test_the_form_can_be_switched_off(app, world, visit):
    app.config["GUEST_TICKETS"] = False
    assert visit().get("/submit-ticket").status_code == 404
    assert submit(visit()).status_code == 404
    assert 'href="/submit-ticket"' not in visit().get("/").text


def test_whoever_is_signed_in_is_led_to_their_own_form_and_loses_nothing(world, visit):
    ren = visit(world.ren)
    assert ren.get("/submit-ticket").location == "/tickets/new"
    answer = submit(ren)
    assert (answer.status_code, answer.location) == (307, "/tickets")
    ren.post("/tickets", data=NEW)
    assert (newest().requester, newest().unverified) == (world.ren, False)


def test_a_requester_who_signs_in_confirms_it_by_what_they_do(world, visit):
    submit(visit(), email="ren@example.org")
    ticket = newest()
    ren = visit(world.ren)
    assert "Is this your ticket?" in ren.get(f"/tickets/{ticket.id}").text
    visit(world.mia).post(f"/tickets/{ticket.id}/seen", data={"event": ticket.last_event_id})
    assert newest().unverified
    ren.post(f"/tickets/{ticket.id}/seen", data={"event": ticket.last_event_id})
    assert not newest().unverified
