"""Reading back what was typed and not yet sent."""

from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft


def draft_for(actor: User, form: str) -> dict[str, str]:
    """The fields of this person's draft in that form, empty when there is none."""
    draft = db.session.get(Draft, (actor.id, form))
    return draft.fields if draft else {}
