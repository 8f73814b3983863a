"""Events that stand in no ticket's history: what happened to people and their sign-ins."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Select, delete, select

from informejo import clock, db
from informejo.events import log
from informejo.events.models import Event


def old_events() -> Select:
    """The ids of those older than EVENT_DAYS. No stream ever replays them, so no bookmark misses them.

    The newest of them stays: without it the log would seem to have been rewound, and what was kept when it stood there
    would be taken for what is so now.
    """
    before = clock.now() - timedelta(days=current_app.config["EVENT_DAYS"])
    return select(Event.id).where(Event.ticket_id.is_(None), Event.at < before, Event.id < (log.standing().people or 0))


def forget_old_events(most: int) -> int:
    """Remove at most that many of them and return how many."""
    ids = db.session.scalars(old_events().limit(most)).all()
    return len(ids) and db.session.execute(delete(Event).where(Event.id.in_(ids))).rowcount
