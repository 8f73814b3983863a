"""What holds just now: what an administrator saved in a page, else what the environment says."""

import time
from collections import ChainMap
from collections.abc import Mapping
from itertools import count
from typing import NamedTuple
from weakref import WeakKeyDictionary

from flask import Flask, current_app
from sqlalchemy import event, select
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.orm import Session, object_session

from informejo.glance import glance
from informejo.settings.models import SavedSetting

FRESH_SECONDS = 2  # how long a change by another process may take to be seen here
_SAVED = select(*SavedSetting.__table__.c)
_CHANGED = "a setting changed"  # in `info` of the session that has changed one
_editions = count(1)


class _Known(NamedTuple):
    """What was saved, when that was read on the monotonic clock (0: read it anew), and which edition of it that is."""

    values: Mapping[str, object]
    read_at: float
    edition: int


_known: WeakKeyDictionary[Flask, _Known] = WeakKeyDictionary()


def setting(name: str):
    """What holds for that setting just now."""
    return saved().get(name, current_app.config.get(name))


def all_settings() -> Mapping:
    """What holds for each setting just now, by name."""
    return ChainMap(saved(), current_app.config)


def saved() -> dict[str, object]:
    """All that was saved in a page, by name. It costs nothing to ask: it is read once in two seconds at most.

    Where the database cannot be read, what was known last holds on, so that a page can still say so.
    """
    return _read().values


def edition() -> int:
    """A number that is another one after each change that this process has seen.

    It belongs into the key of whatever lies on the shelf and shows what is set, such as what a category is called: the
    log's ids there may be newer than what this process knows of a change that another one made.
    """
    return _read().edition


def _read() -> _Known:
    app = current_app._get_current_object()
    before = _known.get(app)
    known = before or _Known({}, 0, 0)
    if known.read_at and time.monotonic() - known.read_at <= FRESH_SECONDS:
        return known
    try:
        values = dict(glance(_SAVED))
    except SQLAlchemyError:
        return known
    is_new = not known.edition or values != known.values
    read_at = time.monotonic() if _known.get(app) is before else 0  # else it changed while it was being read
    known = _known[app] = _Known(values, read_at, next(_editions) if is_new else known.edition)
    return known


def _will_change(_mapper, _connection, row: SavedSetting):
    object_session(row).info[_CHANGED] = True


@event.listens_for(Session, "after_commit")
def _forget(session: Session):
    """Read anew what is saved, from the commit on that changed it."""
    if session.info.pop(_CHANGED, False):
        _forget_all()


def _forget_all():
    for app, known in list(_known.items()):
        _known[app] = known._replace(read_at=0)


for _when in ("after_insert", "after_update", "after_delete"):
    event.listen(SavedSetting, _when, _will_change)
