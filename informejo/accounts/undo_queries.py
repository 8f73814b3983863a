"""What an administrator did to somebody and may still take back."""

from datetime import timedelta

from sqlalchemy import exists, select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.ids import made_at

UNDO_FOR = timedelta(days=30)


def last_batch_of(user: User) -> Event | None:
    """The event with which tickets went from this person last, while that can be undone."""
    recent = select(Event).where(Event.user_id == user.id, Event.id > made_at(clock.now() - UNDO_FOR))
    went = recent.where(Event.changes["tickets"].as_string().is_not(None), Event.ticket_id.is_(None))
    event = db.session.scalar(went.order_by(Event.id.desc()).limit(1))
    return event if event and not user.is_gone and not _is_undone(event) else None


def _is_undone(event: Event) -> bool:
    """The event that undoes a batch is of a person too, as the one that made it; all others in it are of tickets."""
    return db.session.scalar(select(exists().where(Event.batch == event.id, Event.ticket_id.is_(None))))
