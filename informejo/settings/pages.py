"""The pages of settings, each with its part of the history; and how a change of one of them is told."""

from collections.abc import Collection

from flask import current_app, request

from informejo import db
from informejo.config import SETTINGS
from informejo.events.models import Event
from informejo.settings import colours, queries
from informejo.settings.actions import MOST_CATEGORIES, ChangedMeanwhile
from informejo.settings.inputs import GROUPS, LABELS, Field, shown
from informejo.settings.saved import setting
from informejo.tickets.words import SETTING, Category
from informejo.web import actor, go_to, page

DESK, CATEGORIES = "/settings", "/settings/categories"
SECRETS = ("SMTP_PASSWORD", "OAUTH_CLIENT_SECRET", "OAUTH_REFRESH_TOKEN", "METRICS_TOKEN", "MAILBOXES")
MAIL = ("SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "MAIL_FROM", "MAIL_REPLY_TO", "MAIL_CATCH")
TABS = ((DESK, "The desk"), (CATEGORIES, "Categories"))


def desk_page(typed: dict | None = None, problems: dict | None = None, was: dict | None = None) -> str:
    """Name and looks of the desk, its words, and who comes in."""
    accent = setting("ACCENT")
    context = _form(GROUPS, typed, was) | {"verdict": colours.verdict(accent) if accent else ""}
    context["mail"] = [(one, shown(current_app.config[one.name])) for one in SETTINGS if one.name in MAIL]
    context["secrets"] = [(name, bool(current_app.config[name])) for name in SECRETS]
    return _page(DESK, "settings/settings.html", problems, **context)


def categories_page(typed: dict | None = None, problems: dict | None = None, was: dict | None = None) -> str:
    """What tickets can be about."""
    categories = list(Category)
    holds = {f"word-{one}": one.word for one in categories}
    holds |= {f"offered-{one}": "" if one.is_hidden else "on" for one in categories}
    came = {name: request.form.get(f"was-{name}", value) for name, value in holds.items()}
    context = {"typed": holds | (typed or {}), "was": came | (was or {}), "most": MOST_CATEGORIES}
    return _page(CATEGORIES, "settings/categories.html", problems, categories=categories, **context)


PAGES = {DESK: desk_page, CATEGORIES: categories_page}


def page_of(name: str) -> str:
    """The address of the page on which that setting is changed."""
    return CATEGORIES if name.startswith(SETTING) else DESK


def field_of(name: str) -> str:
    """The field in which it is changed there."""
    return f"word-{name.removeprefix(SETTING)}" if name.startswith(SETTING) else name


def conflict(changed: ChangedMeanwhile) -> dict[str, str]:
    """What stands beside the field of a setting that somebody else changed."""
    told = _told(changed.value)
    return {field_of(changed.name): f"Somebody changed this meanwhile to {told}. Save again to put yours there."}


def done(address: str):
    """Keep what was changed, and say so on that page."""
    db.commit()
    return go_to(address, "settings-saved")


def _page(here: str, template: str, problems: dict | None, **context) -> str:
    context |= {"tabs": TABS, "here": here, "label": _label, "told": _change, "can_be_undone": _can_be_undone}
    history = [event for event in queries.history(actor()) if here == DESK or here in map(page_of, event.changes)]
    return page(template, title="Settings", problems=problems or {}, history=history, **context)


def _form(groups: dict[str, Collection[Field]], typed: dict | None, was: dict | None) -> dict:
    holds = {field.name: shown(setting(field.name)) for fields in groups.values() for field in fields}
    came = {name: request.form.get(f"was-{name}", value) for name, value in holds.items()}
    return {"groups": groups, "typed": holds | (typed or {}), "was": came | (was or {})}


def _label(name: str) -> str:
    return "Category" if name.startswith(SETTING) else LABELS.get(name, name)


def _can_be_undone(event: Event) -> bool:
    return all(name in LABELS or name.startswith(SETTING) for name in event.changes)


def _change(name: str, old, new) -> str:
    """One change in the history."""
    if not name.startswith(SETTING):
        return f"{_told(old)} became {_told(new)}"
    if old is None:
        return f"{_told(new)} was added"
    if old["word"] == new["word"]:
        return f"{_told(new)} {'is no more offered' if new['hidden'] else 'is offered again'} for new tickets"
    return f"“{old['word']}” became {_told(new)}{_hidden(old, new)}"


def _hidden(old: dict, new: dict) -> str:
    if old["hidden"] == new["hidden"]:
        return ""
    return ", and is no more offered" if new["hidden"] else ", and is offered again"


def _told(value) -> str:
    if isinstance(value, dict):
        return f"“{value['word']}”" if "word" in value else "a picture"
    return f"“{shown(value)}”" if value not in ("", None) else "nothing"
