"""A marker in an internal note, in its file and in the file's name is looked for in every mail to who is not staff."""

import io
from datetime import timedelta

import pytest

from informejo import clock, db, policy
from informejo.accounts.models import Role
from informejo.mail import actions, outgoing_actions
from informejo.mail.words import Kind
from informejo.tickets import change_actions
from informejo.tickets.models import Comment
from informejo.tickets.words import Status
from tests.mail.test_composing import to, whole

MARKER = "zebrafish"
FILE = b"\x89PNG\r\n\x1a\n" + MARKER.encode() * 5


@pytest.fixture(params=["ren", "gus"])
def requester(request, world):
    return getattr(world, request.param)


@pytest.fixture
def watcher(world):
    """Tom, who watches, and is no member of the staff any more when mails are sent."""
    return world.tom


@pytest.fixture
def ticket(post, sink, world, visit, requester, watcher):
    """Notes among messages, written, edited, and about which a mail failed; each thing that can happen beside them."""
    ticket = world.ticket(world.mia, requester=requester)
    actions.watch(world.mia, ticket, watcher)
    actions.watch(world.mia, ticket, world.ana)
    db.commit()
    post.deliver()
    _note(world, visit, ticket)
    world.comment(world.mia, ticket, "We come.")
    _note(world, visit, ticket)
    change_actions.set_status(world.mia, ticket, Status.WAITING)
    change_actions.assign(world.mia, ticket, world.ana)
    watcher.role = Role.USER
    db.commit()
    world.comment(world.mia, ticket, "We are there.")
    return ticket


def _note(world, visit, ticket):
    form = {"body": f"{MARKER} one", "internal": "yes", "files": (io.BytesIO(FILE), f"{MARKER}.png")}
    visit(world.mia).post(f"/tickets/{ticket.id}/comments", data=form, content_type="multipart/form-data")
    note = db.session.scalars(policy.visible_comments(world.mia).order_by(Comment.id.desc())).first()
    assert note.internal
    change_actions.edit_comment(world.mia, note, body=f"{MARKER} two", version=note.version)
    db.commit()


def told(sink, person) -> list[str]:
    return [whole(message) for _, message in sink.mails if to(message) == person.email]


@pytest.mark.hardening("O-03")
@pytest.mark.parametrize("pace", ["once", "bundled", "daily"])
def test_no_mail_to_who_is_not_staff_shows_the_marker(post, sink, world, ticket, requester, watcher, pace):
    for person in (requester, world.ana):
        actions.save_choices(person, pace=pace)
    db.commit()
    post.deliver()
    for mail in [mail for mail in post.mails if mail.kind == Kind.MESSAGE and mail.user == world.ana]:
        outgoing_actions.mark_bounced(mail, f"The {MARKER} is full")  # and that is told the staff
    db.commit()
    with clock.at(clock.now() + timedelta(days=2)):
        post.deliver()
    assert any("We come." in said for said in told(sink, requester))
    for person in (requester, watcher):
        assert not any(MARKER in said for said in told(sink, person))
    assert any(f"{MARKER} two" in said for said in told(sink, world.ana))
    assert any(f"{MARKER}.png" in said for said in told(sink, world.ana))
    raw = b"".join(
        mail for mail, (addresses, _) in zip(sink.raw, sink.mails, strict=True) if addresses == [requester.email]
    )
    assert MARKER.encode() not in raw
    assert FILE not in raw


@pytest.mark.hardening("O-03")
def test_a_note_moves_nothing_in_the_requesters_mail(post, sink, world, visit, requester):
    """Neither another mail, nor another time, nor another id that they could count."""
    ticket = world.ticket(world.mia, requester=requester)
    post.deliver()
    before = len(told(sink, requester))
    _note(world, visit, ticket)
    post.deliver()
    assert len(told(sink, requester)) == before
    assert told(sink, world.ana)
