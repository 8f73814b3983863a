"""Reading what the readers of the log could not deal with."""

from collections.abc import Collection

from sqlalchemy import select
from sqlalchemy.orm import joinedload

from informejo import db, policy
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.readers.models import KeptEvent

LARGEST = 2**63 - 1  # that a column holds
MOST = 50  # that are shown; when they are dealt with there is room for others


def kept_events() -> list[KeptEvent]:
    """The events on which a reader failed, the oldest first."""
    oldest = select(KeptEvent).order_by(KeptEvent.event_id, KeptEvent.reader).limit(MOST)
    return list(db.session.scalars(oldest.options(joinedload(KeptEvent.event))))


def kept_event(reader: str, event_id: int) -> KeptEvent | None:
    """One of them; None when it was dealt with, or never was."""
    return db.session.get(KeptEvent, (reader, event_id)) if event_id <= LARGEST else None


def unseen_among(actor: User, kept: Collection[KeptEvent]) -> set[int]:
    """The kept events, by id, of tickets that the actor may not see: whoever looks after the desk may not be told."""
    ids = {one.event_id for one in kept}
    known = select(Event.id).where(Event.id.in_(ids), policy.knows(actor, Event.ticket_id))
    return ids - set(db.session.scalars(known))
