"""Saving what has been typed into a form so far, and throwing it away."""

from flask import Blueprint, abort, render_template, request

from informejo import db
from informejo.drafts.actions import forget_draft, save_draft
from informejo.drafts.inputs import NewDraft, kept_fields
from informejo.drafts.queries import page_of
from informejo.inputs import Invalid
from informejo.web import actor, answer, by_link, go_to

bp = Blueprint("drafts", __name__)


@bp.post("/drafts")
@by_link
def save():
    """Keep the form's fields; the words "Draft saved" come back, without JavaScript the page it stands on."""
    new = _read()
    draft = save_draft(actor(), new.draft, kept_fields(request.form), new.key, new.continues)
    db.commit()
    state = render_template(
        "drafts/_saved.html",
        saved_at=draft.saved_at if draft else None,
        key=draft.key if draft else "",
        verb="saved",
    )
    notice = "draft-without-files" if request.form.get("files") else "draft-saved"  # their names; a draft keeps none
    return answer(state, page_of(new.draft), notice=notice)


@bp.post("/drafts/discard")
@by_link
def discard():
    """Throw one draft away: that of the form it stands in, or another of the same form."""
    form = _read().draft
    forget_draft(actor(), form, request.form.get("discard", ""))
    db.commit()
    return go_to(page_of(form), "draft-discarded")


def _read() -> NewDraft:
    try:
        return NewDraft.read(request.form)
    except Invalid:
        abort(400)
