"""Reading back what was typed and not yet sent."""

from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft


def draft_for(actor: User, form: str) -> dict:
    """The fields of this person's draft in that form and when it was saved; empty when there is none."""
    draft = db.session.get(Draft, (actor.id, form))
    return {**draft.fields, "saved_at": draft.saved_at} if draft else {}
