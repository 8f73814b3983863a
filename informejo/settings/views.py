"""The page of settings, its history, and what of it browsers fetch by themselves."""

import base64

from flask import Blueprint, Response, abort, current_app, request

from informejo import db, policy
from informejo.accounts.asked_again import require_proof
from informejo.config import SETTINGS
from informejo.downloads import HEADERS
from informejo.inputs import Invalid
from informejo.settings import colours, queries
from informejo.settings.actions import ChangedMeanwhile, change_setting, take_back
from informejo.settings.inputs import FIELDS, GROUPS, LABELS, Settings, picture, shown
from informejo.web import actor, go_to, page, probe

SECRETS = ("SMTP_PASSWORD", "OAUTH_CLIENT_SECRET", "OAUTH_REFRESH_TOKEN", "METRICS_TOKEN", "MAILBOXES")
MAIL = ("SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "MAIL_FROM", "MAIL_REPLY_TO", "MAIL_CATCH")
KEPT = {"Cache-Control": "public, max-age=31536000, immutable"}  # the address changes with what is there

bp = Blueprint("settings", __name__)


@bp.get("/settings")
def settings():
    """What an administrator may change here, and what the environment says."""
    policy.require(actor(), "settings.change")
    return _page()


@bp.post("/settings")
def save():
    """Change those that were changed in the form; whatever somebody else changed meanwhile is asked about."""
    require_proof()
    policy.require(actor(), "settings.change")
    typed = {name: _typed(name) for name in FIELDS}
    try:
        new = Settings.read(typed).model_dump()
    except Invalid as invalid:
        return _page(typed, invalid.problems), 422
    touched = [name for name in FIELDS if typed[name] != request.form.get(f"was-{name}", typed[name])]
    try:
        for name in touched:
            change_setting(actor(), name, new[name], _was(name))
    except ChangedMeanwhile as changed:
        db.session.rollback()
        return _page(typed, _conflict(changed), was={changed.name: shown(changed.value)}), 409
    return _saved()


@bp.post("/settings/logo")
def save_logo():
    """Another picture in the place of the sign, or none."""
    require_proof()
    policy.require(actor(), "settings.change")
    try:
        logo = "" if "remove" in request.form else picture(request.files.get("LOGO"))
        change_setting(actor(), queries.LOGO, logo, queries.setting(queries.LOGO) or "")
    except Invalid as invalid:
        return _page(problems=invalid.problems), 422
    except ChangedMeanwhile as changed:
        return _page(problems=_conflict(changed)), 409
    return _saved()


@bp.post("/settings/changes/<int:id>/undo")
def undo(id: int):
    """Take one change back, if nothing changed it since."""
    require_proof()
    change = queries.find_change(actor(), id)
    try:
        take_back(actor(), change)
    except ChangedMeanwhile as changed:
        return _page(problems=_conflict(changed)), 409
    return _saved()


@bp.get("/assets/desk/<mark>.css")
@probe
def own_colours(mark: str):
    """The accent colour, as a style sheet: no page has a style of its own."""
    accent = queries.setting("ACCENT")
    sheet = colours.accent(accent).sheet if accent else ""
    return Response(sheet, mimetype="text/css", headers=KEPT)


@bp.get("/assets/desk/<mark>.logo")
@probe
def logo(mark: str):
    """The picture in the place of the sign; as nothing but a picture."""
    saved = queries.setting(queries.LOGO) or abort(404)
    content = base64.b64decode(saved["content"])
    return Response(content, mimetype=saved["type"], headers=HEADERS | KEPT)


def _page(typed: dict | None = None, problems: dict | None = None, was: dict | None = None) -> str:
    holds = {name: shown(queries.setting(name)) for name in FIELDS}
    accent = queries.setting("ACCENT")
    return page(
        "settings/settings.html",
        title="Settings",
        groups=GROUPS,
        typed=holds | (typed or {}),
        was={name: request.form.get(f"was-{name}", value) for name, value in holds.items()} | (was or {}),
        problems=problems or {},
        labels=LABELS,
        told=_told,
        history=queries.history(actor()),
        verdict=colours.verdict(accent) if accent else "",
        mail=[(one, shown(current_app.config[one.name])) for one in SETTINGS if one.name in MAIL],
        secrets=[(name, bool(current_app.config[name])) for name in SECRETS],
    )


def _typed(name: str) -> str:
    was = request.form.get(f"was-{name}", shown(queries.setting(name)))  # what a form does not ask for stays as it is
    if FIELDS[name].several:
        return " ".join(request.form.getlist(name)) if f"was-{name}" in request.form else was
    return request.form.get(name, was).replace("\r\n", "\n")


def _was(name: str):
    """What the form showed, as a value; what no form ever showed is never what holds."""
    text, now = request.form.get(f"was-{name}", "").replace("\r\n", "\n"), queries.setting(name)
    return now if text == shown(now) else object()


def _conflict(changed: ChangedMeanwhile) -> dict[str, str]:
    return {changed.name: f"Somebody changed this meanwhile to {_told(changed.value)}. Save again to put yours there."}


def _told(value) -> str:
    """A value in the history."""
    if isinstance(value, dict):
        return "a picture"
    return f"“{shown(value)}”" if value not in ("", None) else "nothing"


def _saved():
    db.commit()
    return go_to("/settings", "settings-saved")
