"""Reading back what was typed and not yet sent."""

from collections.abc import Mapping

from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.models import Draft

TEXTS = {"title": "Title", "description": "Description", "body": "What you wrote"}


def draft_of(path: str) -> str:
    """The name of the draft that the form on that page has: the other way round than `drafts.views.page_of`."""
    kind, number, *edit = [*path.strip("/").split("/")[:3], "", ""]
    if kind == "comments":
        return f"comment:{number}"
    return f"ticket:{number}:edit" if "edit" in edit else f"ticket:{number}"


def kept_texts(fields: Mapping) -> list[tuple[str, str, str]]:
    """Of what was typed into a form, the texts: name, word and text of each."""
    return [(name, word, fields[name]) for name, word in TEXTS.items() if fields.get(name)]


def draft_for(actor: User, form: str) -> dict:
    """The fields of this person's draft in that form and when it was saved; empty when there is none."""
    draft = db.session.get(Draft, (actor.id, form))
    return {**draft.fields, "saved_at": draft.saved_at} if draft else {}
