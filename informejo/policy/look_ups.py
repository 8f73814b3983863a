"""Finding one thing: what somebody may not see is not found, and nothing tells it from what never was."""

from sqlalchemy import Select, bindparam, false, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from informejo import db
from informejo.accounts.models import User
from informejo.built_once import built_once
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.policy.rules import may
from informejo.policy.sight import (
    binned_tickets,
    visible_attachments,
    visible_comments,
    visible_events,
    visible_tickets,
)
from informejo.tickets.models import Attachment, Comment, Ticket

NOTHING = "There is no such thing, or it is not for you to see."


class Unseen(NotFound):
    """There is no such ticket for this person: it never was, or was never theirs, or is not any more, all alike.

    `binned` is the event that put it into the bin, for those who knew the ticket and may know of that; else None.
    """

    def __init__(self, number: int, binned: Event | None = None):
        super().__init__(NOTHING)
        self.number, self.binned = number, binned


def find_ticket(actor: User, number: int) -> Ticket:
    """The visible ticket with that number. Raises NotFound, the same for one that is hidden and one that never was."""
    ticket = _first(_ticket(actor), me=actor.id, number=number)
    if ticket is None:
        raise unseen(actor, number)
    return ticket


def unseen(actor: User, number: int) -> Unseen:
    """Why that ticket is not there for this person, as far as they may know."""
    gone = visible_events(actor).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.deleted_at.is_not(None))
    gone = gone.where(Event.ticket_id == number, Event.name == EventName.TICKET_DELETED)
    return Unseen(number, _first(gone.order_by(Event.id.desc()).limit(1)))


def find_binned(actor: User, number: int) -> Ticket:
    """The deleted ticket with that number. Raises NotFound."""
    return _found(binned_tickets(actor).where(Ticket.id == number))


def find_comment(actor: User, id: int) -> Comment:
    """The visible comment with that id. Raises NotFound."""
    comment = _first(visible_comments(actor).where(Comment.id == id))
    if comment is None:
        raise _unseen_comment(actor, id)
    return comment


def find_attachment(actor: User, token: str) -> Attachment:
    """The file with that token, if its comment or its ticket's description is visible. Raises NotFound."""
    return _found(visible_attachments(actor).where(Attachment.token == token))


def find_user(actor: User, id: int) -> User:
    """The person with that id, for those who may see the list of people. Raises NotFound."""
    return _found(select(User).where(User.id == id) if may(actor, "user.list") else select(User).where(false()))


@built_once
def _ticket(actor) -> Select:
    """Read with the people whom every page of it names."""
    people = joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(Ticket.team)
    return visible_tickets(actor).where(Ticket.id == bindparam("number")).options(*people)


def _unseen_comment(actor: User, id: int) -> NotFound:
    """The same for a message: only those who might have read it are told that its ticket is in the bin."""
    event = _first(visible_events(actor).where(Event.comment_id == id).limit(1))
    return unseen(actor, event.ticket_id) if event else NotFound(NOTHING)


def _found(statement: Select):
    thing = _first(statement)
    if thing is None:
        raise NotFound(NOTHING)
    return thing


def _first(statement: Select, **values):
    try:
        return db.session.scalar(statement, values)
    except OverflowError:  # a number in the address that no row can have
        return None
