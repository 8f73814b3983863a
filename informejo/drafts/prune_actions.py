"""Drafts that nobody came back to."""

from datetime import timedelta

from sqlalchemy import Select, delete, select, tuple_

from informejo import clock, db
from informejo.drafts.models import Draft

DRAFT_DAYS = 90  # after which what was typed and never sent is given up


def old_drafts() -> Select:
    """The keys of the drafts that were not touched for DRAFT_DAYS."""
    return select(Draft.user_id, Draft.form, Draft.key).where(_is_old())


def forget_old_drafts(most: int) -> int:
    """Remove at most that many old drafts and return how many."""
    drafts = [tuple(row) for row in db.session.execute(old_drafts().limit(most))]
    # Somebody may come back between the two statements; then it is old no more.
    of_these = tuple_(Draft.user_id, Draft.form, Draft.key).in_(drafts)
    return len(drafts) and db.session.execute(delete(Draft).where(of_these, _is_old())).rowcount


def _is_old():
    return Draft.saved_at < clock.now() - timedelta(days=DRAFT_DAYS)
