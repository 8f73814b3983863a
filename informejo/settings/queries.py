"""What is set: by an administrator in a page, else in the environment."""

import time

from flask import Flask, current_app
from sqlalchemy import select
from sqlalchemy.exc import SQLAlchemyError

from informejo import signals
from informejo.glance import glance
from informejo.settings.models import SavedSetting

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


def forget(_sender=None):
    """Read anew what is saved: whatever was just recorded may have been a change of it."""
    _known.clear()


signals.recorded.connect(forget)
