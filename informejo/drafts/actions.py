"""Keeping and forgetting what people have typed and not yet sent."""

from sqlalchemy import exists, select

from informejo import clock, db as database
from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft
from informejo.tickets.models import Comment, Ticket


def save_draft(actor: User, form: str, fields: dict[str, str], key: str | None = None) -> Draft | None:
    """Keep what the actor has typed into that form so far; a form emptied again has no draft.

    Nor has one that was sent meanwhile under this once-only `key`: its draft was on the way and came too late.
    """
    database.lock(actor)
    if not any(fields.values()) or _was_sent(actor, key):
        return forget_draft(actor, form)
    draft = db.session.get(Draft, (actor.id, form)) or Draft(user_id=actor.id, form=form)
    draft.fields, draft.saved_at = fields, clock.now()
    db.session.add(draft)
    return draft


def forget_draft(actor: User, form: str):
    """It was sent, or given up."""
    draft = db.session.get(Draft, (actor.id, form))
    if draft:
        db.session.delete(draft)


def _was_sent(actor: User, key: str | None) -> bool:
    messages = exists().where(Comment.author_id == actor.id, Comment.key == key)
    tickets = exists().where(Ticket.opened_by_id == actor.id, Ticket.key == key)
    return bool(key) and db.session.scalar(select(messages | tickets))
