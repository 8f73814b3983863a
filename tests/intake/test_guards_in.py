"""Machines are heard and never answered, and no mail goes round in circles."""

import re
from datetime import timedelta
from email import message_from_bytes
from email.policy import SMTP

import pytest
from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import Role
from informejo.accounts.password_actions import offer_password
from informejo.accounts.queries import password_link_of
from informejo.intake.judging_queries import MOST_AUTOMATIC
from informejo.mail.models import OutgoingMail
from informejo.mail.words import InState, OutState
from informejo.tickets import change_actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.words import Status
from tests.intake.letters import come, letter, mailed

REN = "ren@example.org"
OUT_OF_OFFICE = {"sender": REN, "subject": "Out of office", "text": "Back on Monday.", "auto_submitted": "auto-replied"}


@pytest.fixture
def own(app):
    """The desk has addresses of its own."""
    app.config.update(
        MAIL_FROM="Help desk <help@desk.example>",
        MAIL_REPLY_TO="answers+@desk.example",
        MAILBOXES="imaps://it%40desk.example:secret@imap.example/INBOX",
    )


OWN = ["help@desk.example", "HELP@desk.example", "answers+1.2.abcdefghijklmnop@desk.example", "it@desk.example"]


@pytest.mark.parametrize("sender", OWN)
def test_what_comes_from_ourselves_is_ignored(world, own, sender):
    mail = come(sender=sender)
    assert (mail.state, mail.ticket, bool(mail.reason)) == (InState.IGNORED, None, True)
    assert come(sender="other@desk.example").state == InState.TICKET


def test_the_same_mail_through_two_mailboxes_is_made_once(world):
    raw = letter()
    first, second = come(raw, "help"), come(raw, "it")
    assert (first.state, second.state, second.ticket) == (InState.TICKET, InState.IGNORED, first.ticket)
    assert "through help already" in second.reason
    assert len(db.session.scalars(select(Ticket)).all()) == 1


def test_a_mail_without_an_id_is_known_by_its_bytes(world):
    raw = letter().replace(b"Message-ID", b"X-Nothing")
    assert [come(raw).state, come(raw).state] == [InState.TICKET, InState.IGNORED]
    assert come(raw + b"One line more.\n").state == InState.TICKET


def test_nobody_keeps_a_mail_out_by_sending_its_id_first(world):
    come(sender="thief@example.net", message_id="<known@mail.example>")
    assert come(message_id="<known@mail.example>").state == InState.TICKET


def test_a_program_that_gives_all_its_mails_one_id_is_heard_each_time(world):
    said = {"message_id": "<always@the.same>", "sender": "backup@example.net", "subject": "Backup"}
    assert [come(text=text, **said).state for text in ("It went well.", "It failed.", "It failed.")] == [
        InState.TICKET, InState.TICKET, InState.IGNORED]  # fmt: skip


def test_one_that_waits_does_not_keep_its_twin_out(world):
    world.dan.active = False
    raw = letter(sender="dan@example.org")
    assert come(raw, "help").state == InState.QUARANTINED
    world.dan.active = True
    db.commit()
    assert come(raw, "it").state == InState.TICKET


class TestMachines:
    def test_an_alert_becomes_a_ticket_that_says_what_it_is(self, world):
        mail = come(sender="nagios@example.net", subject="disk full", auto_submitted="auto-generated")
        assert (mail.state, mail.automatic, mail.ticket.title) == (InState.AUTOMATIC, True, "disk full")
        assert "never answered" in mail.reason

    def test_out_of_office_is_added_and_opens_nothing_again(self, world):
        ticket = world.ticket()
        sent = mailed(world.ren, ticket)
        change_actions.set_status(world.mia, ticket, Status.RESOLVED)
        db.commit()
        mail = come(**OUT_OF_OFFICE, in_reply_to=sent.message_id)
        assert (mail.state, mail.ticket, ticket.status) == (InState.AUTOMATIC, ticket, Status.RESOLVED)
        change_actions.set_status(world.mia, ticket, Status.CLOSED)
        db.commit()
        assert come(**OUT_OF_OFFICE, in_reply_to=sent.message_id).ticket == ticket
        assert len(db.session.scalars(select(Comment)).all()) == 2
        by_hand = come(sender=REN, text="It burns again.", in_reply_to=sent.message_id)
        assert by_hand.ticket.follows == ticket

    @pytest.mark.hardening("X-26")
    def test_that_an_agent_is_out_of_office_is_no_message_to_the_requester(self, world):
        ticket = world.ticket()
        sent = mailed(world.mia, ticket, world.comment(world.ren, ticket))
        come(**OUT_OF_OFFICE | {"sender": "mia@example.org"}, in_reply_to=sent.message_id)
        come(sender="mia@example.org", text="We come.", list_id="<team.example.org>", in_reply_to=sent.message_id)
        assert [said.internal for said in db.session.scalars(select(Comment).order_by(Comment.id))][1:] == [True, False]

    @pytest.mark.hardening("H-45")
    def test_no_machine_confirms_the_address_it_answers_for(self, world):
        world.ren.role, world.ren.confirmed_at = Role.GUEST, None
        sent = mailed(world.ren, world.ticket())
        come(**OUT_OF_OFFICE, in_reply_to=sent.message_id)
        assert world.ren.confirmed_at is None
        come(sender=REN, in_reply_to=sent.message_id)
        assert world.ren.confirmed_at

    def test_a_flood_of_them_waits_and_people_do_not(self, world):
        alert = {"sender": "it@example.net", "auto_submitted": "auto-generated"}
        for number in range(MOST_AUTOMATIC):
            assert come(subject=f"disk {number}", **alert).state == InState.AUTOMATIC
        flooded = come(subject="one more", **alert)
        assert (flooded.state, flooded.ticket) == (InState.QUARANTINED, None)
        assert come(subject="I am a person", sender="it@example.net").state == InState.TICKET
        assert come(subject="disk", sender="zabbix@example.net", auto_submitted="auto-generated").ticket
        with clock.at(clock.now() + timedelta(minutes=61)):
            assert come(subject="an hour later", **alert).state == InState.AUTOMATIC


class TestReports:
    def report(self, sent: OutgoingMail, action: str = "failed", of: str = "") -> bytes:
        """What a mail server writes when it could not deliver that mail (RFC 3464)."""
        return f"""From: MAILER-DAEMON@mx.example
To: help@desk.example
Subject: Undelivered Mail Returned to Sender
Message-ID: <{action}.{sent.id}@mx.example>
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

I could not deliver your mail.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example

Final-Recipient: rfc822; {sent.address}
Action: {action}
Status: 5.1.1
Diagnostic-Code: smtp; 550 No such user here

--b
Content-Type: text/rfc822-headers

Message-ID: {of or sent.message_id}
Subject: {sent.subject}

--b--
""".encode()

    def test_it_marks_the_mail_it_is_about(self, world):
        ticket = world.ticket()
        sent, other = mailed(world.ren, ticket), mailed(world.mia, ticket)
        mail = come(self.report(sent))
        assert (mail.state, mail.ticket, mail.comment) == (InState.IGNORED, ticket, None)
        assert "550 No such user here" in mail.reason
        assert (sent.state, other.state) == (OutState.BOUNCED, OutState.SENT)
        assert not db.session.scalars(select(Comment)).all()

    def test_nothing_is_hidden_in_the_words_of_a_server(self, world):
        sent = mailed(world.ren, world.ticket())
        hostile = "550 No\u202e such\x1b user\u200b here".encode()
        mail = come(self.report(sent).replace(b"550 No such user here", hostile))
        assert "550 No such user here" in mail.reason
        assert sent.error == "5.1.1 550 No such user here"

    def test_one_that_only_says_it_takes_long_marks_nothing(self, world):
        sent = mailed(world.ren, world.ticket())
        assert come(self.report(sent, "delayed")).state == InState.IGNORED
        assert sent.state == OutState.SENT

    @pytest.mark.hardening("H-27")
    def test_a_link_to_choose_a_password_that_comes_back_is_void(self, world, post, sink):
        for person in (world.ren, world.zoe):
            offer_password(world.ana, person)
        db.commit()
        post.deliver()
        sent, (copy, other) = post.mails[0], (message.as_bytes() for _, message in sink.mails)
        raw = self.report(sent).replace(b"text/rfc822-headers\n\n", b"message/rfc822\n\n" + copy + b"\n\n")
        assert "void now" in come(raw).reason
        assert (password_link_of(world.ren), sent.state) == (None, OutState.BOUNCED)
        assert password_link_of(world.zoe)
        link = re.search(
            r"https?://\S+/choose-password/\S+", message_from_bytes(other, policy=SMTP).get_body().get_content()
        )
        mail = come(sender="zoe@example.org", text=f"What is this?\n> {link[0]}")
        assert (mail.state, password_link_of(world.zoe)) == (InState.TICKET, None)

    def test_only_ids_that_we_signed_count(self, world):
        sent = mailed(world.ren, world.ticket())
        forged = f"<t.{sent.ticket_id}.{sent.id}.aaaaaaaaaaaaaaaa@desk.example>"
        mail = come(self.report(sent, of=forged))
        assert (mail.state, mail.ticket, sent.state) == (InState.IGNORED, None, OutState.SENT)
