"""What was done with all tickets of somebody at once, and can still be taken back: as they left the desk, or later."""

from datetime import timedelta

from sqlalchemy import ColumnElement, exists, or_, select
from sqlalchemy.orm import aliased

from informejo import clock, db, policy
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.ids import made_at
from informejo.tickets.batch_queries import leaves

UNDO_FOR = timedelta(days=30)
RIGHTS = ("role", "active")


def last_batch_of(user: User) -> Event | None:
    """The event with which tickets went from this person last, while that can be undone.

    Behind tickets that were handed over and came back the one before can be undone again; behind one with which they
    left and came back nothing can, since other things happened in between. Nor can any where they are now what that
    event neither found nor left: another role, or no more at the desk.
    """
    if user.is_gone:
        return None
    recent = select(Event).where(Event.user_id == user.id, Event.id > made_at(clock.now() - UNDO_FOR))
    went = recent.where(_says("tickets"), Event.ticket_id.is_(None))
    left = or_(*map(_says, RIGHTS))
    event = db.session.scalar(went.where(or_(left, ~_undone(Event.id))).order_by(Event.id.desc()).limit(1))
    if event is None or db.session.scalar(select(_undone(event.id))) or _is_another_since(user, event):
        return None
    return event


def may_undo(actor: User, event: Event) -> bool:
    """Whether this is the actor's to take back: all that administrators may, and what one handed over oneself."""
    own = not leaves(event) and event.actor_id == actor.id and policy.may(actor, "ticket.triage")
    return own or policy.may(actor, "user.change", event.user)


def _is_another_since(user: User, event: Event) -> bool:
    if leaves(event):
        return any(getattr(user, field) not in _around(event, field) for field in RIGHTS)
    later = Event.user_id == user.id, Event.id > event.id, or_(*map(_says, RIGHTS))
    return not user.is_at_the_desk and bool(db.session.scalar(select(exists().where(*later))))


def _around(event: Event, field: str) -> list:
    """What that was of its person right before and after the event: where it does not say, the next that does knows."""
    saying = select(Event.changes).where(Event.user_id == event.user_id, Event.id >= event.id, _says(field))
    changes = db.session.scalar(saying.order_by(Event.id).limit(1))
    if changes is None:
        return [getattr(event.user, field)]
    return changes[field] if field in event.changes else changes[field][:1]


def _says(field: str) -> ColumnElement[bool]:
    return Event.changes[field].as_string().is_not(None)


def _undone(id) -> ColumnElement[bool]:
    """The event that undoes a batch is of a person too, as the one that made it; all others in it are of tickets."""
    other = aliased(Event)
    return exists().where(other.batch == id, other.ticket_id.is_(None))
