"""The page of settings, its history, and what of it browsers fetch by themselves."""

import base64

from flask import Blueprint, Response, abort, request

from informejo import db, policy
from informejo.accounts.asked_again import require_proof
from informejo.downloads import HEADERS
from informejo.inputs import Invalid
from informejo.meanwhile import ChangedMeanwhile
from informejo.settings import colours, queries
from informejo.settings.actions import CannotBe, change_setting, take_back
from informejo.settings.inputs import picture
from informejo.settings.pages import (
    DESK,
    PAGES,
    conflict,
    desk_page,
    done,
    field_of,
    page_of,
    require_fitting,
    saved_form,
)
from informejo.web import actor, probe

KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address changes with what is there

bp = Blueprint("settings", __name__)


@bp.get("/settings")
def settings():
    """What an administrator may change here, and what the environment says."""
    policy.require(actor(), "settings.change")
    return desk_page()


@bp.post("/settings")
def save():
    """Change those that were changed in the form."""
    require_proof()
    policy.require(actor(), "settings.change")
    return saved_form(DESK)


@bp.post("/settings/logo")
def save_logo():
    """Another picture in the place of the sign, or none."""
    require_proof()
    policy.require(actor(), "settings.change")
    try:
        logo = "" if "remove" in request.form else picture(request.files.get("LOGO"))
        change_setting(actor(), queries.LOGO, logo, queries.setting(queries.LOGO) or "")
    except Invalid as invalid:
        return desk_page(problems=invalid.problems), 422
    except ChangedMeanwhile as changed:
        return desk_page(problems=conflict(changed)), 409
    return done(DESK)


@bp.post("/settings/changes/<int:id>/undo")
def undo(id: int):
    """Take one change back, if nothing changed it since."""
    require_proof()
    change = queries.find_change(actor(), id)
    address = page_of(next(iter(change.changes)))
    try:
        take_back(actor(), change)
        require_fitting(address)
    except (ChangedMeanwhile, CannotBe) as no:
        db.session.rollback()
        problems = conflict(no) if isinstance(no, ChangedMeanwhile) else {field_of(no.name): no.sentence}
        return PAGES[address](problems=problems), 409
    return done(address)


@bp.get("/assets/desk/<mark>.css")
@probe
def own_colours(mark: str):
    """The accent colour, as a style sheet: no page has a style of its own."""
    accent = queries.setting("ACCENT")
    sheet = colours.accent(accent).sheet if accent else ""
    return Response(sheet, mimetype="text/css", headers=_kept(mark, "ACCENT"))


@bp.get("/assets/desk/<mark>.logo")
@probe
def logo(mark: str):
    """The picture in the place of the sign; as nothing but a picture."""
    saved = queries.setting(queries.LOGO) or abort(404)
    content = base64.b64decode(saved["content"])
    return Response(content, mimetype=saved["type"], headers=HEADERS | _kept(mark, queries.LOGO))


def _kept(mark: str, name: str) -> dict[str, str]:
    # Another mark is that of what was, or will be: kept under it for a year, this would be seen in the place of that.
    return KEPT if mark == queries.mark_of(name) else {"Cache-Control": "no-store"}
