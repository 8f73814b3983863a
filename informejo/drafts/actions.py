"""Keeping and forgetting what people have typed and not yet sent."""

from informejo import clock, db as database
from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft


def save_draft(actor: User, form: str, fields: dict[str, str]) -> Draft | None:
    """Keep what the actor has typed into that form so far; a form emptied again has no draft."""
    if not any(fields.values()):
        return forget_draft(actor, form)
    database.lock(actor)
    draft = db.session.get(Draft, (actor.id, form)) or Draft(user_id=actor.id, form=form)
    draft.fields, draft.saved_at = fields, clock.now()
    db.session.add(draft)
    return draft


def forget_draft(actor: User, form: str):
    """It was sent, or given up."""
    draft = db.session.get(Draft, (actor.id, form))
    if draft:
        db.session.delete(draft)
