"""Changing what is set: each change is one event, which says what it was before, so that it can be taken back."""

from collections.abc import Mapping

from flask import current_app
from sqlalchemy import select
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience, Event, LogEpoch
from informejo.events.names import EventName
from informejo.folding import fold
from informejo.meanwhile import ChangedMeanwhile
from informejo.settings.models import SavedSetting
from informejo.settings.queries import NAMES
from informejo.tickets.words import (
    CATEGORIES,
    ORDER,
    SETTING,
    Category,
    added_categories,
    category_by_itself,
    in_order,
)
from informejo.turns import begin_write

MOST_CATEGORIES = 50


class CannotBe(Exception):
    """That cannot be set; `sentence` says why, and `name` which setting it is about, empty for a new one."""

    def __init__(self, name: str, sentence: str):
        super().__init__(sentence)
        self.name, self.sentence = name, sentence


def change_setting(actor: User, name: str, new, was) -> bool:
    """Set it to `new`, if it still is as it `was` shown. False when it is so already. Raises ChangedMeanwhile."""
    return change_settings(actor, {name: (new, was)})


def change_settings(actor: User, steps: Mapping[str, tuple]) -> bool:
    """The same of several that are saved together, each from what it was shown as: one change, taken back as one."""
    policy.require(actor, "settings.change")
    if not steps.keys() <= NAMES:
        raise NotFound
    return _change(actor, steps)


def change_categories(
    actor: User, changed: Mapping[str, tuple[dict, dict]], added: str = "", moved: tuple[str, int] | None = None
):
    """Change categories, each to what it shall be from what it was shown as, and add one that is called `added`.

    `moved` are a key, and how many places down the list it goes; the last, for the rest, stays where it is.

    What is said of a category is its `word`, and whether it is `hidden` from new tickets; of two people of whom each
    changes one of these both have it. No category ever goes: tickets may have it. Raises ChangedMeanwhile, CannotBe.
    """
    policy.require(actor, "settings.change")
    _be_alone()
    saved = _saved_categories()
    there = {
        key: saved.get(SETTING + key) or category_by_itself(key) for key in (*CATEGORIES, *added_categories(saved))
    }
    steps = {key: _touched(there[key], *step) for key, step in changed.items() if key in there}
    if added:
        steps[_next_key(there)] = {"word": added, "hidden": False}, None
    _require_fitting(there, {key: new for key, (new, _) in steps.items()})
    order = _order(list(there), *moved) if moved else {}
    _change(actor, {SETTING + key: step for key, step in steps.items()} | order)


def take_back(actor: User, change: Event):
    """Set what that event changed to what it was before. A category that it added is hidden: tickets may have it.

    Raises ChangedMeanwhile if it was changed again since, CannotBe if what it was cannot be any more.
    """
    categories = {name.removeprefix(SETTING): said for name, said in change.changes.items() if name.startswith(SETTING)}
    if categories:
        change_categories(actor, {key: (old or new | {"hidden": True}, new) for key, (old, new) in categories.items()})
    change_settings(actor, {name: tuple(said) for name, said in change.changes.items() if not name.startswith(SETTING)})


def _change(actor: User, steps: Mapping[str, tuple]) -> bool:
    """One event for all of them; whether there was anything to change."""
    _be_alone()
    changes = {name: [holds, new] for name, (new, was) in steps.items() if (holds := _set(name, new, was)) != new}
    if changes:
        log.record(EventName.SETTING_CHANGED, actor, audience=Audience.STAFF, changes=changes)
    return bool(changes)


def _set(name: str, new, was):
    """What it was until now."""
    row = db.session.get(SavedSetting, name, populate_existing=True)
    holds = row.value if row else _by_itself(name)
    if holds not in (new, was):
        raise ChangedMeanwhile(name, holds)
    if holds != new:
        _keep(row, name, new)
    return holds


def _be_alone():
    """Of two who change settings at once the second sees what the first did: nobody else does until this is kept."""
    begin_write(db.session.connection())
    db.session.execute(select(LogEpoch.word).with_for_update())  # SQLite has one writer anyway


def _keep(row: SavedSetting | None, name: str, new):
    if row is None:
        db.session.add(SavedSetting(name=name, value=new))
    elif new == _by_itself(name):
        db.session.delete(row)  # the environment says so too, and is listened to again
    else:
        row.value = new


def _by_itself(name: str):
    """What holds as long as nobody changes it in a page."""
    if name.startswith(SETTING):
        return category_by_itself(name.removeprefix(SETTING))
    return current_app.config.get(name, "")


def _saved_categories() -> dict[str, dict]:
    rows = select(SavedSetting).where(SavedSetting.name.startswith(SETTING, autoescape=True))
    return {row.name: row.value for row in db.session.scalars(rows.execution_options(populate_existing=True))}


def _touched(holds: dict, new: dict, was: dict) -> tuple[dict, dict]:
    """Both with what holds now in the place of what they do not change."""
    touched = [part for part in new if new[part] != was[part]]
    return holds | {part: new[part] for part in touched}, holds | {part: was[part] for part in touched}


def _order(there: list[str], key: str, places: int) -> dict[str, tuple[str, str]]:
    """The step that moves it so far down from where it is now; none where that is beyond an end."""
    row = db.session.get(SavedSetting, ORDER, populate_existing=True)
    holds, by_itself = row.value if row else "", [one for one in there if one != Category.OTHER]
    listed = in_order(by_itself, holds)
    if key not in listed or not 0 <= (place := listed.index(key) + places) < len(listed):
        return {}
    listed.remove(key)
    listed.insert(place, key)
    return {ORDER: ("" if listed == by_itself else " ".join(listed), holds)}


def _next_key(there: Mapping[str, dict]) -> str:
    numbers = [int(key[1:]) for key in there if key not in CATEGORIES]
    return f"c{max(numbers, default=0) + 1}"


def _require_fitting(there: Mapping[str, dict], new: Mapping[str, dict]):
    """Names are told apart as people read them, hidden ones too, and something is left to choose."""
    wanted = {**there, **new}
    if len(wanted) > MOST_CATEGORIES:
        raise CannotBe(
            "", f"There are {MOST_CATEGORIES} categories, hidden ones included, and no more fit. Rename one."
        )
    if new and all(said["hidden"] for said in wanted.values()):  # without, the environment alone may have hidden all
        raise CannotBe(SETTING + next(iter(new)), "One category has to stay, or nobody could open a ticket.")
    for key, said in new.items():
        name = SETTING + key if key in there else ""
        if not fold(said["word"]):
            raise CannotBe(name, "Write a name that people can read.")
        if twin := next((one for other, one in wanted.items() if other != key and _alike(one, said)), None):
            hidden = " It is hidden: offer it again." if twin["hidden"] else ""
            raise CannotBe(name, f"There is a category of that name already.{hidden}")


def _alike(one: dict, other: dict) -> bool:
    return fold(one["word"]) == fold(other["word"])
