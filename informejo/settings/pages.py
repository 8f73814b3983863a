"""The pages of settings, each with its part of the history; and how a change of one of them is told."""

from collections.abc import Mapping

from flask import current_app, g, request

from informejo import db
from informejo.accounts import sign_ins
from informejo.events.models import Event
from informejo.inputs import Invalid
from informejo.intake import mailboxes
from informejo.mail import delivering
from informejo.mail.checking import Check
from informejo.mail.health_queries import ways
from informejo.mail.words import SENDING
from informejo.meanwhile import ChangedMeanwhile, drawn_with, question
from informejo.settings import colours, queries
from informejo.settings.actions import MOST_CATEGORIES, CannotBe, change_settings
from informejo.settings.inputs import DESK_FORM, Form, shown
from informejo.settings.mail_inputs import MAIL_FORM
from informejo.settings.saved import all_settings, setting
from informejo.tickets.words import ORDER, SETTING, Category, in_order
from informejo.web import actor, go_to, page

FIRST = (
    "You are signed in without a second factor, so this would sign you out yourself. Show yours first: add one on your"
    " page Security, or sign in with it."
)
DESK, CATEGORIES, MAIL = "/settings", "/settings/categories", "/settings/mail"
TABS = ((DESK, "The desk"), (CATEGORIES, "Categories"), (MAIL, "Mail"))
TITLES = {DESK: "Settings", CATEGORIES: "Categories", MAIL: "Mail settings"}
FORMS = {DESK: DESK_FORM, MAIL: MAIL_FORM}
FIELDS = {name: field for form in FORMS.values() for name, field in form.fields.items()}
LABELS = {name: field.label for name, field in FIELDS.items()} | {
    "LOGO": "Logo",
    "FIRST_STEPS": "First steps",
    ORDER: "Order",
}
SECRETS = ("SMTP_PASSWORD", "OAUTH_CLIENT_SECRET", "OAUTH_REFRESH_TOKEN", "MAILBOXES")


def desk_page(typed: dict | None = None, problems: dict | None = None, was: dict | None = None) -> str:
    """Name and looks of the desk, its words, and who comes in."""
    accent = setting("ACCENT")
    context = _form(DESK_FORM, typed, was) | {"verdict": colours.verdict(accent) if accent else ""}
    context["has_token"] = bool(current_app.config["METRICS_TOKEN"])
    return _page(DESK, "settings/settings.html", problems, **context)


def mail_page(
    typed: dict | None = None, problems: dict | None = None, was: dict | None = None, check: Check | None = None
) -> str:
    """How mail goes out and comes in; with `check`, how the settings that were typed fared."""
    config = current_app.config
    there = [(name, bool(config[name])) for name in SECRETS]
    context = _form(MAIL_FORM, typed, was) | {"check": check, "secrets": there, "oauth": config["SMTP_OAUTH"]}
    context |= {"boxes": mailboxes.of(config), "notes": mail_notes()}
    return _page(MAIL, "settings/mail.html", problems, **context)


def categories_page(typed: dict | None = None, problems: dict | None = None, was: dict | None = None) -> str:
    """What tickets can be about."""
    categories = list(Category)
    holds = {f"word-{one}": one.word for one in categories}
    holds |= {f"offered-{one}": "" if one.is_hidden else "on" for one in categories}
    came = drawn_with(holds, request.form) | (was or {})
    context = {"typed": holds | (typed or {}), "was": came, "most": MOST_CATEGORIES}
    return _page(CATEGORIES, "settings/categories.html", problems, categories=categories, **context)


PAGES = {DESK: desk_page, CATEGORIES: categories_page, MAIL: mail_page}


def saved_form(address: str):
    """Change what was changed in the form of that page; whatever somebody else changed meanwhile is asked about."""
    form, draw = FORMS[address], PAGES[address]
    typed = typed_in(form)
    try:
        new = form.input.read(typed).model_dump()
        touched = [name for name in form.fields if typed[name] != _came(f"was-{name}", typed[name])]
        change_settings(actor(), {name: (new[name], _was(name)) for name in touched})
        require_fitting(address)
    except Invalid as invalid:
        return draw(typed, invalid.problems), 422
    except ChangedMeanwhile as changed:
        db.session.rollback()
        return draw(typed, conflict(changed), {changed.name: shown(changed.value)}), 409
    except CannotBe as no:
        db.session.rollback()
        return draw(typed, {no.name: no.sentence}), 422
    return done(address)


def require_fitting(address: str):
    """Raise CannotBe if what was changed on that page does not go with what else holds, whoever changed that.

    Nor may it end one's own sign-in, for want of a second factor. What did not fit before keeps nobody from anything.
    """
    before, after = all_settings(), queries.about_to_hold()
    if form := FORMS.get(address):
        were = _problems(form, before)
        for name, sentence in _problems(form, after).items():
            if were.get(name) != sentence:
                raise CannotBe(name, sentence)
    if not sign_ins.holds(g.session.id, actor().role, actor().narrowed):
        raise CannotBe("SECOND_FACTOR", FIRST)


def typed_in(form: Form) -> dict[str, str]:
    """What the request says of each of its fields; what it does not ask for stays as it is."""
    was = {name: _came(f"was-{name}", shown(setting(name))) for name in form.fields}
    return {name: _came(name, before) for name, before in was.items()}


def mail_notes() -> list[str]:
    """What keeps mails from going out, or may, as things stand."""
    holds = all_settings()
    if holds["MAIL_CATCH"]:
        return [
            "MAIL_CATCH is on: no mail leaves the desk, whatever stands here. What would be sent is at Caught mail."
        ]
    empty = [LABELS[name] for name in ("SMTP_HOST", "MAIL_FROM") if not holds[name]]
    notes = [f"Mails wait: “{'” and “'.join(empty)}” {'is' if len(empty) == 1 else 'are'} empty."] if empty else []
    if holds["SMTP_HOST"] and not delivering.may_sign_in(holds):
        notes.append(delivering.withheld(holds))
    failing = ways().get(SENDING)
    if failing and failing.failing_since and not empty:
        notes.append(f"The last time, no mail could be sent: {failing.error}")
    return notes


def page_of(name: str) -> str:
    """The address of the page on which that setting is changed."""
    if name.startswith(SETTING) or name == ORDER:
        return CATEGORIES
    return MAIL if name in MAIL_FORM.fields else DESK


def field_of(name: str) -> str:
    """The field in which it is changed there."""
    return f"word-{name.removeprefix(SETTING)}" if name.startswith(SETTING) else name


def conflict(changed: ChangedMeanwhile) -> dict[str, str]:
    """What stands beside the field of a setting that somebody else changed."""
    return {field_of(changed.name): question(_told(changed.value))}


def done(address: str, place: str = ""):
    """Keep what was changed, and say so on that page, at a place of it if one is named."""
    db.commit()
    return go_to(address + place, "settings-saved")


def _page(here: str, template: str, problems: dict | None, **context) -> str:
    context |= {"tabs": TABS, "here": here, "label": _label, "told": _change, "can_be_undone": _can_be_undone}
    history = [event for event in queries.history(actor()) if here == DESK or here in map(page_of, event.changes)]
    return page(template, title=TITLES[here], problems=problems or {}, history=history, **context)


def _form(form: Form, typed: dict | None, was: dict | None) -> dict:
    """What was typed; all else as it holds by now."""
    holds = {name: shown(setting(name)) for name in form.fields}
    came = drawn_with(holds, request.form)
    own = {name: text for name, text in (typed or {}).items() if text != came[name]}
    came = holds | {name: came[name] for name in own}
    return {"groups": form.groups, "typed": holds | own, "was": came | (was or {})}


def _came(field: str, otherwise: str) -> str:
    """What came in that field; browsers end lines in their own way."""
    return request.form.get(field, otherwise).replace("\r\n", "\n")


def _problems(form: Form, holds: Mapping) -> dict[str, str]:
    """What the form would say of these settings."""
    try:
        form.input.read({name: shown(holds[name]) for name in form.fields})
    except Invalid as invalid:
        return invalid.problems
    return {}


def _was(name: str):
    """What the form showed, as a value; what no form ever showed is never what holds."""
    text, now = _came(f"was-{name}", ""), setting(name)
    return now if text == shown(now) else object()


def _label(name: str) -> str:
    return "Category" if name.startswith(SETTING) else LABELS.get(name, name)


def _can_be_undone(event: Event) -> bool:
    return all(name in LABELS or name.startswith(SETTING) for name in event.changes)


def _change(name: str, old, new) -> str:
    """One change in the history."""
    if name == ORDER:
        return ", ".join(Category(key).word for key in in_order(list(Category), new))
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
