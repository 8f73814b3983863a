"""An internal note is silence to everybody outside: no mail to requester, guest or former colleague tells of it."""

import io
import re
from datetime import timedelta
from email.message import EmailMessage

import pytest
from werkzeug.datastructures import FileStorage

from informejo import clock, db
from informejo.accounts import actions as accounts
from informejo.accounts.models import Role
from informejo.mail import actions, reminders
from informejo.mail.words import Pace
from informejo.tickets import change_actions, files
from informejo.tickets.actions import add_comment
from informejo.tickets.words import Status

MARKER = "zebrafish"
OUTSIDE = ("ren@example.org", "gus@example.org", "zoe@example.org")
FORMER = "tom@example.org"  # watches while he is an agent, and is a requester when the mails go out


@pytest.fixture
def notes(world):
    """`notes(ticket)`: one is written, edited, calls a colleague by name, carries a file; around it people answer."""

    def notes(ticket):
        world.comment(world.mia, ticket, "We are on the way.")
        with files.kept(
            [FileStorage(io.BytesIO(b"\x89PNG\r\n\x1a\n"), f"{MARKER}.png")], ticket, internal=True
        ) as kept:
            note = add_comment(world.mia, ticket, body=f"{MARKER} one, @ana", internal=True, files=kept)
            db.commit()
        change_actions.edit_comment(world.mia, note, body=f"{MARKER} two, @ana", version=note.version)
        world.note(ticket, f"{MARKER} three", by=world.ana)
        world.comment(ticket.requester, ticket, "Thank you.")
        world.comment(world.mia, ticket, "We were there.")
        change_actions.set_status(world.mia, ticket, Status.WAITING)
        db.commit()

    return notes


@pytest.fixture
def mails(post, sink, world, notes):
    """Every mail that comes of it, each with its address: at once, in bundles, as a reminder, and told of a failure."""
    for person in (world.tom, world.zoe):
        actions.save_choices(person, pace=Pace.BUNDLED)
    for requester in (world.ren, world.gus, world.zoe):
        ticket = world.ticket(world.mia, "Told by telephone", requester=requester)
        change_actions.assign(world.mia, ticket, world.ana)
        actions.watch(world.mia, ticket, world.tom)
        db.commit()
        notes(ticket)
    post.deliver()
    accounts.set_role(world.ana, world.tom, Role.USER)
    db.commit()
    for days in (1, 5, 6):
        with clock.at(clock.now() + timedelta(days=days)), post.app.app_context():
            reminders.remind()
            post.deliver()
    return list(sink.mails)


def everything(mail: EmailMessage) -> str:
    """Headers and all parts, decoded."""
    parts = [part.get_content() for part in mail.walk() if not part.is_multipart()]
    return "\n".join([*(f"{name}: {value}" for name, value in mail.items()), *map(str, parts)])


@pytest.mark.hardening("O-03")
def test_no_mail_to_anybody_outside_tells_of_a_note(mails):
    outside = [(to, everything(mail)) for to, mail in mails if {*to} & {*OUTSIDE, FORMER}]
    assert {address for to, _ in outside for address in to} >= set(OUTSIDE)
    for to, text in outside:
        assert MARKER not in text.lower(), to
        shown = text.partition("<style>")[0] + text.partition("</style>")[2]
        assert not {"internal", "note"} & set(re.findall(r"[a-z]+", shown.lower())), to


def test_nobody_outside_gets_one_mail_more_for_the_notes(mails, world, post, sink):
    def quiet(ticket):
        """The same without notes."""
        world.comment(world.mia, ticket, "We are on the way.")
        world.comment(ticket.requester, ticket, "Thank you.")
        world.comment(world.mia, ticket, "We were there.")
        change_actions.set_status(world.mia, ticket, Status.WAITING)
        db.commit()

    with_notes = len([to for to, _ in mails if "ren@example.org" in to])
    before = len(sink.mails)
    ticket = world.ticket(world.mia, "Told by telephone", requester=world.ren)
    change_actions.assign(world.mia, ticket, world.ana)
    quiet(ticket)
    post.deliver()
    for days in (1, 5, 6):
        with clock.at(clock.now() + timedelta(days=days)), post.app.app_context():
            reminders.remind()
            post.deliver()
    assert len([to for to, _ in sink.mails[before:] if "ren@example.org" in to]) == with_notes


def test_colleagues_are_told_of_the_notes(mails):
    told = [everything(mail) for to, mail in mails if "ana@example.org" in to]
    assert any(f"{MARKER} two" in text for text in told)
    assert not any(f"{MARKER} one" in text for text in told), "it was put right before the mail was written"


def test_whoever_left_the_desk_is_told_nothing_more_of_tickets_they_watched(mails):
    assert [everything(mail) for to, mail in mails if FORMER in to] == []
