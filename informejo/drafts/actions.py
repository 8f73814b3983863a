"""Keeping and forgetting what people have typed and not yet sent."""

from sqlalchemy import select

from informejo import clock, db as database
from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft
from informejo.drafts.queries import TEXTS
from informejo.tickets.models import Comment, Ticket


def save_draft(actor: User, form: str, fields: dict[str, str], key: str | None = None) -> Draft | None:
    """Keep what the actor has typed into that form so far; a form emptied again has no draft.

    Nor has what was sent meanwhile under this once-only `key`: its draft was on the way and came too late.
    """
    database.lock(actor)
    if not any(fields.values()) or _was_sent(actor, fields, key):
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


def _was_sent(actor: User, fields: dict[str, str], key: str | None) -> bool:
    """Whether all of these texts were. Whoever heard no answer writes on under the same key, and that was not."""
    if not key:
        return False
    messages = select(Comment.body).where(Comment.author_id == actor.id, Comment.key == key)
    tickets = select(Ticket.title, Ticket.description).where(Ticket.opened_by_id == actor.id, Ticket.key == key)
    sent = [_words(text) for found in (messages, tickets) for row in db.session.execute(found) for text in row]
    typed = [_words(fields[name]) for name in TEXTS if fields.get(name)]
    return bool(sent) and all(any(text in whole for whole in sent) for text in typed)


def _words(text: str) -> str:
    return " ".join(text.split())  # blanks and line ends are sent in other ways than they are kept
