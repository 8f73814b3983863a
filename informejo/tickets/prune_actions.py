"""Tickets that nobody can bring back from the bin any more: everything that was in them goes, for good."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Select, delete, select, update

from informejo import clock, db
from informejo.accounts.models import Session
from informejo.drafts.models import Draft
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.mail.prune_actions import forget_mails_of
from informejo.tickets.models import Attachment, Comment, Reading, Ticket

GRACE = timedelta(days=1)  # after BIN_DAYS, for an administrator who is just about to bring it back


def lost_tickets() -> Select:
    """The numbers of tickets that lay in the bin longer than BIN_DAYS and are not empty yet."""
    before = clock.now() - timedelta(days=current_app.config["BIN_DAYS"]) - GRACE
    return select(Ticket.id).where(Ticket.deleted_at < before, Ticket.title != "")  # no other is ever empty


def purge_lost_tickets(most: int) -> int:
    """Remove at most that many rows of one such ticket and return how many; 0 when nothing is left to purge.

    An empty row stays, and the event of its deletion: a browser that was away meanwhile must still be told that it is
    gone, other tickets may follow it, and its number is never given again. Its files go as strays.
    """
    id = db.session.scalar(lost_tickets().limit(1))
    if id is None:
        return 0
    steps = (_forget_links, forget_mails_of, _forget_events, _forget_attachments, _forget_comments)
    return next((number for step in steps if (number := step(id, most))), 0) or _empty(id)


def _forget_links(id: int, most: int) -> int:
    ids = db.session.scalars(select(Session.id).where(Session.ticket_id == id).limit(most)).all()
    return len(ids) and db.session.execute(delete(Session).where(Session.id.in_(ids))).rowcount


def _forget_events(id: int, most: int) -> int:
    others = select(Event.id).where(Event.ticket_id == id, Event.name != EventName.TICKET_DELETED)
    ids = db.session.scalars(others.limit(most)).all()
    return len(ids) and db.session.execute(delete(Event).where(Event.id.in_(ids))).rowcount


def _forget_attachments(id: int, most: int) -> int:
    ids = db.session.scalars(select(Attachment.id).where(Attachment.ticket_id == id).limit(most)).all()
    return len(ids) and db.session.execute(delete(Attachment).where(Attachment.id.in_(ids))).rowcount


def _forget_comments(id: int, most: int) -> int:
    ids = db.session.scalars(select(Comment.id).where(Comment.ticket_id == id).limit(most)).all()
    if not ids:
        return 0
    db.session.execute(delete(Draft).where(Draft.form.in_([f"comment:{comment}" for comment in ids])))
    return db.session.execute(delete(Comment).where(Comment.id.in_(ids))).rowcount


def _empty(id: int) -> int:
    db.session.execute(delete(Reading).where(Reading.ticket_id == id))
    db.session.execute(delete(Draft).where(Draft.form.in_([f"ticket:{id}", f"ticket:{id}:edit"])))
    bare = {"title": "", "description": "", "folded": "", "key": None}
    return db.session.execute(update(Ticket).where(Ticket.id == id).values(bare)).rowcount
