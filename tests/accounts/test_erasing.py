"""Whoever is erased is taken out of what the desk says of mails, too, and nobody changes what is left of an account."""

import json

import pytest
from sqlalchemy import insert, select, update

from informejo import db
from informejo.accounts import address_actions, erase_actions
from informejo.accounts.merge_actions import merge
from informejo.accounts.models import FORMER, User
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.intake import ledger_actions, original
from informejo.intake.bringing import brought
from informejo.mail.models import IncomingMail, MailPicture, OutgoingMail
from informejo.mail.words import OF_PEOPLE
from tests.intake.letters import come, ledger, letter

REN = "ren@example.org"
REPORT = """From: mailer-daemon@example.org
Message-ID: <report@example.org>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary=b

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; ren@example.org
Action: failed
Status: 5.1.1
Diagnostic-Code: smtp; 550 <ren@example.org> has no mailbox here

--b
Content-Type: text/rfc822-headers

Message-ID: {id}

--b--
"""


def erase(world, *people):
    for person in people:
        erase_actions.erase(world.ana, person)
    db.commit()
    db.session.expire_all()


@pytest.fixture
def mailed(world, post, sink):
    """A ticket of Ren's with an answer that was mailed to him."""
    ticket = world.ticket()
    world.comment(world.mia, ticket)
    post.deliver()
    return ticket


def test_what_mail_servers_said_of_an_address_goes_with_it(world, visit, post, sink):
    sink.answers["RCPT"] = lambda address: f"550 5.1.1 <{address}>: no such mailbox" if address == REN else None
    ticket = world.ticket()
    world.comment(world.mia, ticket)
    post.deliver()
    mia = visit(world.mia)
    addresses = "/mail/out", f"/tickets/{ticket.id}"
    assert all(REN in mia.get(address).text for address in addresses)
    erase(world, world.ren)
    assert not any(REN in mia.get(address).text for address in addresses)
    assert "could not deliver a mail to Former user" in mia.get(f"/tickets/{ticket.id}").text
    assert REN not in json.dumps(list(db.session.scalars(select(Event.changes))))


def test_a_report_about_a_mail_to_them_names_no_address_any_more(world, visit, mailed):
    sent = db.session.scalars(select(OutgoingMail).where(OutgoingMail.user == world.ren)).all()
    before = come(REPORT.format(id=sent[0].message_id).encode())
    assert REN in before.reason
    erase(world, world.ren)
    after = come(REPORT.format(id=sent[-1].message_id).replace("report@", "another@").encode())
    for mail in (before, after):
        assert "reports about our mail to" in mail.reason
        assert REN not in visit(world.mia).get(f"/mail/in/{mail.id}").text.partition("Its header")[0]
    assert sent[-1].error == "", "and none that comes later"


def test_who_moved_a_mail_is_a_former_user(world, visit):
    mail, target = come(letter()), world.ticket(world.zoe, "Elsewhere")
    parsed = original.read(mail)
    with brought(mail, parsed, None, target) as things:
        ledger_actions.move(world.tom, mail, target, parsed, things)
    db.commit()
    assert mail.reason == "Tom Berg moved it to #2."
    erase(world, world.tom)
    assert mail.reason == "Former user moved it to #2."
    assert "Tom Berg" not in visit(world.mia).get(f"/mail/in/{mail.id}").text


@pytest.mark.parametrize("sentence", OF_PEOPLE)
def test_no_sentence_of_the_ledger_names_them(world, sentence):
    others = "Tom Bergman opened it.", "It was Tom Berg."
    for number, reason in enumerate((sentence.format("Tom Berg", 7), *others)):
        db.session.add(IncomingMail(mailbox="x", stored_name=f"{number}", size=1, reason=reason))
    db.commit()
    erase(world, world.tom)
    assert [mail.reason for mail in ledger()] == [sentence.format("Former user", 7), *others]


def test_a_mail_that_waits_says_no_more_whose_it_is(world):
    mail = come(letter(sender="Dan Wolf <dan@example.org>"))
    assert mail.reason.startswith("Dan Wolf, ")
    erase(world, world.dan)
    assert mail.reason.startswith("Former user, ")
    assert mail.sender == world.dan.email


def test_an_address_they_had_before_goes_too(world, post, sink):
    mail = come(letter(sender=f"Ren Ito <{REN}>"))
    db.session.add(MailPicture(sender=REN, digest="0" * 64, first_id=mail.id))
    address_actions.change_address(world.ana, world.ren, "ren@example.net")
    db.commit()
    erase(world, world.ren)
    assert mail.sender == world.ren.email
    assert not db.session.scalars(select(MailPicture)).all()
    assert not db.session.scalars(select(OutgoingMail.address).where(OutgoingMail.address.like("ren@%"))).all()


@pytest.mark.parametrize("gone", ["erased", "merged"])
def test_nothing_is_changed_of_an_account_that_is_gone(world, visit, gone):
    erase(world, world.zoe) if gone == "erased" else merge(world.ana, world.zoe, world.ren)
    db.commit()
    was, ana = (world.zoe.role, world.zoe.active, world.zoe.name, world.zoe.email), visit(world.ana)
    for place, fields in {
        "role": {"value": "admin"},
        "activity": {"value": "active"},
        "person": {"name": "Somebody", "department": ""},
        "address": {"email": "somebody@example.org"},
        "password-link": {},
        "password-mail": {},
    }.items():
        answer = ana.post(f"/users/{world.zoe.id}/{place}", data=fields)
        assert (answer.status_code, "merged or erased for good" in answer.text) == (422, True), place
    db.session.expire_all()
    assert (world.zoe.role, world.zoe.active, world.zoe.name, world.zoe.email) == was


def test_what_they_were_called_while_it_was_looked_for_goes_too(world, monkeypatch):
    """That is long on a desk with many years of log."""
    ticket, look = world.ticket(), erase_actions.reasons_that_name

    def meanwhile(user, names):
        with db.engine().begin() as another:
            another.execute(update(User).where(User.id == world.tom.id).values(name="Tom Berg-Lund"))
            said = {"ticket_id": ticket.id, "changes": {"assignee": [None, "Tom Berg-Lund"]}}
            another.execute(insert(Event).values(name=EventName.TICKET_UPDATED, audience=Audience.REQUESTER, **said))
        return look(user, names)

    monkeypatch.setattr(erase_actions, "reasons_that_name", meanwhile)
    erase(world, world.tom)
    said = [event.changes for event in db.session.scalars(select(Event).where(Event.ticket_id == ticket.id))]
    assert {"assignee": [None, FORMER]} in said
    assert "Berg" not in json.dumps(said)
