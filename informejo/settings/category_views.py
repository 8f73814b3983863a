"""The page of categories: what tickets can be about."""

from flask import Blueprint, request

from informejo import db, policy
from informejo.accounts.asked_again import require_proof
from informejo.inputs import Invalid
from informejo.meanwhile import ChangedMeanwhile
from informejo.settings.actions import CannotBe, change_categories
from informejo.settings.inputs import CategoryName
from informejo.settings.pages import CATEGORIES, categories_page, conflict, done, field_of
from informejo.tickets.words import SETTING, Category
from informejo.web import actor

bp = Blueprint("categories", __name__)


@bp.get("/settings/categories")
def categories():
    """All categories, those that are not offered too."""
    policy.require(actor(), "settings.change")
    return categories_page()


@bp.post("/settings/categories")
def save():
    """Rename, hide and offer those that were changed in the form, add what was named there, and move one."""
    require_proof()
    policy.require(actor(), "settings.change")
    problems: dict[str, str] = {}
    moved = _moved()
    added = _name("new", problems) if request.form.get("new", "").strip() else ""
    changed = {one: step for one in Category if (step := _step(one, problems))}
    if problems:
        return categories_page(_typed(), problems), 422
    try:
        change_categories(actor(), changed, added, moved)
    except CannotBe as cannot:
        db.session.rollback()
        place = field_of(cannot.name) if cannot.name else "new"
        return categories_page(_typed(), {place: cannot.sentence}), 422
    except ChangedMeanwhile as meanwhile:
        db.session.rollback()
        holds = _shown(meanwhile)
        return categories_page(_typed() | _untouched(holds), conflict(meanwhile), holds), 409
    return done(CATEGORIES, f"#{'up' if moved[1] < 0 else 'down'}-{moved[0]}" if moved else "")


def _moved() -> tuple[str, int] | None:
    """Which one a button moves, and how many places down."""
    for field, places in {"up": -1, "down": 1}.items():
        if request.form.get(field) in Category:
            return request.form[field], places
    return None


def _step(one: Category, problems: dict[str, str]) -> tuple[dict, dict] | None:
    """What the form makes of that category, and what it showed; None where it changes nothing of it."""
    if f"was-word-{one}" not in request.form:
        return None
    was = {"word": request.form[f"was-word-{one}"], "hidden": request.form.get(f"was-offered-{one}") != "on"}
    new = {"word": _name(f"word-{one}", problems), "hidden": f"offered-{one}" not in request.form}
    return None if new == was else (new, was)


def _name(field: str, problems: dict[str, str]) -> str:
    """The name in that field as it is kept. What is wrong with it goes to the problems."""
    try:
        return CategoryName.read({"word": request.form.get(field, "")}).word
    except Invalid as invalid:
        problems[field] = invalid.problems["word"]
        return ""


def _typed() -> dict[str, str]:
    offered = {f"offered-{one}": request.form.get(f"offered-{one}", "") for one in Category}
    return {"new": ""} | offered | {name: text for name, text in request.form.items() if not name.startswith("was-")}


def _shown(meanwhile: ChangedMeanwhile) -> dict[str, str]:
    """What holds of that category, as the fields of the form."""
    key, said = meanwhile.name.removeprefix(SETTING), meanwhile.value
    return {f"word-{key}": said["word"], f"offered-{key}": "" if said["hidden"] else "on"}


def _untouched(holds: dict[str, str]) -> dict[str, str]:
    """Of these fields those that nobody changed in the form: they show what holds now."""
    was = request.form
    return {name: now for name, now in holds.items() if was.get(name, "") == was.get(f"was-{name}", "")}
