"""What roles at a provider make somebody here: looked at by name before it is saved."""

import hashlib
from typing import NamedTuple

from flask import Blueprint, current_app, request

from informejo import db, policy
from informejo.accounts.asked_again import require_proof
from informejo.accounts.models import Role
from informejo.meanwhile import ChangedMeanwhile, drawn_with, question, shown_in
from informejo.settings.queries import setting
from informejo.sso import mapping_actions, providers, queries
from informejo.sso.going import provider_named
from informejo.sso.providers import Provider, as_lines, read_map
from informejo.sso.queries import Move
from informejo.web import actor, go_to, page

SHOWN = 50  # names in one list; the others are counted
BECOME = {
    Role.ADMIN: ("1 person becomes an administrator", "{} people become administrators"),
    Role.AGENT: ("1 person becomes an agent", "{} people become agents"),
    Role.USER: ("1 person leaves the staff", "{} people leave the staff"),
}

bp = Blueprint("sso_mapping", __name__)


class Group(NamedTuple):
    """Those whom a mapping gives the same role: a sentence, some of them, and how many there are besides."""

    sentence: str
    moves: list[Move]
    more: int


@bp.get("/sso/mapping")
def mapping():
    """The mapping of each provider."""
    policy.require(actor(), "sso.map")
    return _mapping_page({})


@bp.post("/sso/<provider>/mapping")
def save(provider: str):
    """First whom it would change, by name; the button there saves it, unless it would be others by now."""
    policy.require(actor(), "sso.map")
    there, field = provider_named(provider), f"mapping-{provider}"
    text = request.form.get(field, "").replace("\r\n", "\n").strip()
    was = shown_in(request.form).get(field)
    try:
        moves = queries.moves(actor(), there, read_map(text))
    except ValueError as mistake:
        return _mapping_page({field: text}, {field: str(mistake)}), 422
    if was is not None and _saved(there) not in (was, text):
        return _asked(field, text, _saved(there))
    if request.form.get("seen") != _mark(moves):
        return _preview(there, text, moves)
    require_proof()
    try:
        mapping_actions.save_mapping(actor(), there, text, shown=moves, was=was)
    except ChangedMeanwhile as changed:
        db.session.rollback()
        return _asked(field, text, changed.value)
    except mapping_actions.OthersByNow:
        db.session.rollback()
        return _preview(there, text, queries.moves(actor(), there, read_map(text)))
    db.commit()
    return go_to("/sso/mapping", "sso-mapping-saved")


def _asked(field: str, text: str, now: str) -> tuple[str, int]:
    """Another administrator has saved another mapping since this one was opened: theirs is shown, and this one kept."""
    told = f"“{', '.join(now.splitlines())}”" if now else "nothing"
    return _mapping_page({field: text}, {field: question(told)}, {field: now}), 409


def _mapping_page(
    typed: dict[str, str], problems: dict[str, str] | None = None, was: dict[str, str] | None = None
) -> str:
    found = providers.of(current_app.config)
    holds = {f"mapping-{one.name}": _saved(one) for one in found}
    shown = {"texts": holds | typed, "problems": problems or {}, "was": drawn_with(holds, request.form) | (was or {})}
    return page("sso/mapping.html", title="Roles by single sign-on", providers=found, **shown)


def _preview(provider: Provider, text: str, moves: list[Move]) -> str:
    field = f"mapping-{provider.name}"
    groups = [_group(role, [move for move in moves if move.new == role]) for role in BECOME]
    return page(
        "sso/preview.html",
        title="What the mapping would change",
        provider=provider,
        text=text,
        groups=[group for group in groups if group.moves],
        own=next((move for move in moves if move.user_id == actor().id), None),
        seen=_mark(moves),
        was=drawn_with({field: _saved(provider)}, request.form),
        again="seen" in request.form,
    )


def _group(role: Role, moves: list[Move]) -> Group:
    others = [move for move in moves if move.user_id != actor().id]
    one, several = BECOME[role]
    sentence = one if len(others) == 1 else several.format(f"{len(others):,}")
    return Group(sentence, others[:SHOWN], len(others[SHOWN:]))


def _saved(provider: Provider) -> str:
    """The mapping as it holds, a line for each name."""
    saved = setting(provider.mapping_setting)
    return as_lines(provider.role_map if saved is None else saved)


def _mark(moves: list[Move]) -> str:
    """What tells one outcome from another."""
    told = ",".join(f"{move.user_id}:{move.old}:{move.new}" for move in moves)
    return hashlib.sha256(told.encode()).hexdigest()
