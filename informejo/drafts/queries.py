"""Reading back what was typed and not yet sent."""

from collections.abc import Mapping, Sequence

from sqlalchemy import Row, bindparam, select

from informejo import db
from informejo.accounts.models import User
from informejo.drafts.models import Draft

OFFERED = 5  # other drafts beside a form
_OWN = Draft.user_id == bindparam("user"), Draft.form == bindparam("form")
_DRAFTS = select(Draft.key, Draft.fields, Draft.saved_at).where(*_OWN).order_by(Draft.saved_at.desc(), Draft.key)
TEXTS = {"title": "Title", "description": "Description", "body": "What you wrote"}


def draft_of(path: str) -> str:
    """The name of the draft that the form on that page has: the other way round than `page_of`."""
    kind, number, *edit = [*path.strip("/").split("/")[:3], "", ""]
    if kind == "comments":
        return f"comment:{number}"
    return f"ticket:{number}:edit" if "edit" in edit else f"ticket:{number}"


def page_of(form: str) -> str:
    """The page on which that form stands."""
    kind, _, rest = form.partition(":")
    number, _, edit = rest.partition(":")
    if kind == "comment":
        return f"/comments/{number}/edit"
    return f"/tickets/{number}/edit" if edit else f"/tickets/{number or 'new'}"


def kept_texts(fields: Mapping) -> list[tuple[str, str, str]]:
    """Of what was typed into a form, the texts: name, word and text of each."""
    return [(name, word, fields[name]) for name, word in TEXTS.items() if fields.get(name)]


def drafts_of(actor: User, form: str) -> Sequence[Row]:
    """This person's drafts in that form, the last saved first: `key`, `fields` and `saved_at` of each.

    Whoever came by a link is a requester here: what they began as a note for the team stays with their sign-in. Whoever
    has left the desk has theirs, with a word that it was begun as a note: it is what they typed.
    """
    drafts = db.rows(_DRAFTS, user=actor.id, form=form)
    return drafts if actor.only is None else [draft for draft in drafts if not draft.fields.get("internal")]


def offered(actor: User, form: str) -> Sequence[Row]:
    """The drafts that are offered beside that form when it begins with none of them."""
    return drafts_of(actor, form)[:OFFERED]


def draft_for(actor: User, form: str, key: str | None = None) -> dict:
    """What the form begins with: the fields of the draft with that key, by default of the last one; empty without one.

    Beside them: when it was saved (`saved_at`), its key (`continues`), and the other drafts of the form (`others`).
    """
    drafts = drafts_of(actor, form)
    chosen = next((draft for draft in drafts if draft.key == key), drafts[0] if drafts else None)
    if chosen is None:
        return {}
    others = [draft for draft in drafts if draft.key != chosen.key][:OFFERED]
    return {**chosen.fields, "saved_at": chosen.saved_at, "continues": chosen.key, "others": others}
