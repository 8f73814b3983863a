"""What is set: by an administrator in a page, else in the environment."""

import hashlib
import time

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from informejo import db, policy, signals
from informejo.accounts.models import User
from informejo.config import SETTINGS
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.glance import glance
from informejo.settings.models import SavedSetting
from informejo.tickets.words import Category

LOGO = "LOGO"  # the one that no environment says: {"type": media type, "content": base64}
FIRST_STEPS = "FIRST_STEPS"  # which of the first steps somebody said are done, as words with a space between two
NAMES = {one.name for one in SETTINGS if one.on_page} | {LOGO, FIRST_STEPS}
MOST_ID = 2**63 - 1  # that a row can have
MOST_HISTORY = 50  # changes that a page shows
FRESH_SECONDS = 2  # how long a change by another process may take to be seen here
_SAVED = select(*SavedSetting.__table__.c)
_known: dict[Flask, tuple[float, dict]] = {}  # when it was read, on the monotonic clock, and what was saved


def setting(name: str):
    """What holds for that setting just now: what was saved in a page, else what the environment says."""
    return saved().get(name, current_app.config.get(name))


def saved() -> dict[str, object]:
    """All that was saved in a page, by name. It costs nothing to ask: it is read once in two seconds at most.

    Where the database cannot be read, what was known last holds on, so that a page can still say so.
    """
    app = current_app._get_current_object()
    read_at, values = _known.get(app, (0.0, {}))
    if not read_at or time.monotonic() - read_at > FRESH_SECONDS:
        try:
            values = dict(glance(_SAVED))
        except SQLAlchemyError:
            return values
        _known[app] = time.monotonic(), values
    return values


def mark_of(name: str) -> str:
    """What its value is told apart by in an address, empty when there is none."""
    value = setting(name)
    return hashlib.sha256(str(value).encode()).hexdigest()[:16] if value else ""


def offered_categories() -> list[tuple[str, str]]:
    """What a new ticket can be about: values and their words. All, where the setting names none that there is."""
    chosen = setting("CATEGORIES").split()
    offered = [one for one in Category if one in chosen] or Category
    return [(one.value, one.word) for one in offered]


def history(actor: User) -> list[Event]:
    """The last changes, newest first."""
    policy.require(actor, "settings.change")
    changes = select(Event).where(Event.name == EventName.SETTING_CHANGED).options(joinedload(Event.actor))
    return list(db.session.scalars(changes.order_by(Event.id.desc()).limit(MOST_HISTORY)))


def find_change(actor: User, id: int) -> Event:
    """The change with that id. Raises NotFound."""
    policy.require(actor, "settings.change")
    change = db.session.get(Event, id) if id <= MOST_ID else None
    if change is None or change.name != EventName.SETTING_CHANGED:
        raise NotFound(policy.NOTHING)
    return change


def forget(_sender=None):
    """Read anew what is saved: whatever was just recorded may have been a change of it."""
    _known.clear()


signals.recorded.connect(forget)
