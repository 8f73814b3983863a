"""Sign-ins and refusals that have had their time."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Select, delete, select

from informejo import clock, db
from informejo.audit.models import Access

LEAST_DAYS = 31  # the database itself refuses to remove what is younger than 30


def old_accesses() -> Select:
    """The ids of those older than AUDIT_DAYS."""
    days = max(current_app.config["AUDIT_DAYS"], LEAST_DAYS)
    return select(Access.id).where(Access.at < clock.now() - timedelta(days=days))


def forget_old_accesses(most: int) -> int:
    """Remove at most that many of them and return how many."""
    ids = db.session.scalars(old_accesses().limit(most)).all()
    return len(ids) and db.session.execute(delete(Access).where(Access.id.in_(ids))).rowcount
