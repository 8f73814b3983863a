"""Taking out of a ticket what a mail had brought there by mistake, and bringing back what went into the bin with it."""

from collections.abc import Sequence

from sqlalchemy import delete, select, update

from informejo import clock, db
from informejo.accounts.models import User
from informejo.drafts.models import Draft
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.intake.matching_queries import most_secret
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.mail.outgoing_actions import mark_dropped
from informejo.mail.quoting_actions import keep_quoted
from informejo.mail.words import Kind, OutState
from informejo.policy import hold
from informejo.tickets.change_actions import set_fields
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.words import Status


def take_out_message(actor: User, comment: Comment, to: Ticket | None):
    """Remove a message with all that came of it: it belongs to the ticket `to`, None for one that is not there yet.

    Where it had opened its ticket again, that is over too. Its files go as strays.
    """
    hold(actor, "mail.settle", comment.ticket)
    ticket, audience = comment.ticket, comment.audience
    changes = {"mail": [ticket.number, to and to.number]} | _as_before(comment)
    _remove(comment, [ticket, *([to] if to else [])])
    log.record(EventName.COMMENT_REMOVED, actor, ticket=ticket, audience=audience, changes=changes)


def bin_ticket(actor: User, ticket: Ticket):
    """Put a ticket into the bin whose only message belongs elsewhere. Its mail is where it can be brought back from."""
    hold(actor, "mail.settle", ticket)
    ticket.deleted_at = clock.now()
    log.record(EventName.TICKET_DELETED, actor, ticket=ticket, audience=Audience.REQUESTER)


def unbin_ticket(actor: User, ticket: Ticket):
    """Bring it out again; whoever did so before has done it."""
    db.lock(ticket)
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        hold(actor, "mail.settle", ticket)
        log.record(EventName.TICKET_RESTORED, actor, ticket=ticket, audience=Audience.REQUESTER)


def _as_before(comment: Comment) -> dict:
    """Undo that the message opened its ticket again, if nobody has changed it since."""
    added = select(Event).where(Event.comment_id == comment.id, Event.name == EventName.COMMENT_ADDED)
    before, after = db.session.scalars(added).one().changes.get("status", (None, None))
    if before is None or comment.ticket.status != after:
        return {}
    return set_fields(comment.ticket, status=Status(before))


def _call_back(about):
    """Mails about it that have not gone are not needed any more; a bundle just tells of one thing less."""
    waiting = OutgoingMail.state.in_((OutState.WAITING, OutState.SENDING)), OutgoingMail.kind != Kind.BUNDLE
    for mail in db.session.scalars(select(OutgoingMail).where(about, *waiting)).all():
        mark_dropped(mail, "The message it tells of went to another ticket.")


def _keep_secret(bundles: Sequence[OutgoingMail], tickets: Sequence[Ticket]):
    """What was sent in one is known by its verdicts alone. They go with their events, and what it says does not."""
    for mail in bundles:
        keep_quoted(mail, tickets)
        mail.ticket = mail.ticket or most_secret(tickets) or tickets[0]


def _remove(comment: Comment, places: Sequence[Ticket]):
    """Whatever points at it goes first. Mails that were sent stay, so that answers to them still find the ticket.

    Bundles that told of it are as secret as all these tickets from now on.
    """
    session, id = db.session, comment.id
    files = select(Attachment.id).where(Attachment.comment_id == id)
    its = select(Event.id).where((Event.comment_id == id) | Event.attachment_id.in_(files))
    sent = (OutgoingMail.comment_id == id) | OutgoingMail.event_id.in_(its)
    _call_back(sent)
    told = select(Verdict.mail_id).where(Verdict.event_id.in_(its))
    gone = OutgoingMail.kind == Kind.BUNDLE, OutgoingMail.state != OutState.WAITING
    _keep_secret(session.scalars(select(OutgoingMail).where(OutgoingMail.id.in_(told), *gone)).all(), places)
    session.flush()
    session.execute(update(OutgoingMail).where(sent).values(comment_id=None, event_id=None))
    session.execute(update(IncomingMail).where(IncomingMail.comment_id == id).values(comment_id=None))
    session.execute(delete(Event).where(Event.id.in_(session.scalars(its).all())))
    session.execute(delete(Attachment).where(Attachment.comment_id == id))
    session.execute(delete(Draft).where(Draft.form == f"comment:{id}"))
    session.execute(delete(Comment).where(Comment.id == id))
