"""What is set, as pages ask for it, and its history."""

import hashlib
from collections import ChainMap
from collections.abc import Mapping

from flask import current_app
from sqlalchemy import select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import User
from informejo.config import SETTINGS
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.settings.models import SavedSetting
from informejo.settings.saved import saved as saved, setting as setting
from informejo.tickets.words import ORDER, Category

LOGO = "LOGO"  # the one that no environment says: {"type": media type, "content": base64}
FIRST_STEPS = "FIRST_STEPS"  # which of the first steps somebody said are done, as words with a space between two
NAMES = {one.name for one in SETTINGS if one.on_page} | {LOGO, FIRST_STEPS, ORDER}
MOST_HISTORY = 50  # changes that a page shows


def about_to_hold() -> Mapping:
    """What holds for each setting, by name, once what was changed here is kept."""
    db.session.flush()
    return ChainMap(dict(map(tuple, db.rows(select(SavedSetting.name, SavedSetting.value)))), current_app.config)


def mark_of(name: str) -> str:
    """What its value is told apart by in an address, empty when there is none."""
    value = setting(name)
    return hashlib.sha256(str(value).encode()).hexdigest()[:16] if value else ""


def offered_categories() -> list[tuple[str, str]]:
    """What a new ticket can be about: keys and their words. All, where none is offered."""
    offered = [one for one in Category if not one.is_hidden] or Category
    return [(one.value, one.word) for one in offered]


def history(actor: User) -> list[Event]:
    """The last changes, newest first."""
    policy.require(actor, "settings.change")
    changes = select(Event).where(Event.name == EventName.SETTING_CHANGED).options(joinedload(Event.actor))
    return list(db.session.scalars(changes.order_by(Event.id.desc()).limit(MOST_HISTORY)))


def find_change(actor: User, id: int) -> Event:
    """The change with that id. Raises NotFound."""
    policy.require(actor, "settings.change")
    change = db.session.get(Event, id) if id <= db.MOST_ID else None
    if change is None or change.name != EventName.SETTING_CHANGED:
        raise NotFound(policy.NOTHING)
    return change
