"""How a reader follows the log: one event after the other, each once, and none is ever missed.

What a reader writes for an event and the move of its bookmark are one transaction. An event on which it fails is kept,
with what went wrong, and the reader goes on; `try_again` gives it another chance.
"""

import threading
from collections.abc import Callable
from typing import NamedTuple

from flask import Flask
from sqlalchemy import bindparam, select

from informejo import db, signals
from informejo.events import log
from informejo.events.models import Event
from informejo.faults import contained, note
from informejo.live.hub import hub
from informejo.readers.models import KeptEvent, ReaderBookmark
from informejo.turns import trouble, unless_busy

POLL_SECONDS = 2  # a bell that another process rang is not heard here
BATCH = 100
MOST_WORDS = 500  # characters of an error that are kept
_NEXT = select(Event.id).where(Event.id > bindparam("here")).order_by(Event.id).limit(BATCH)


class Reader(NamedTuple):
    """What follows the log: its name, never changed, and what it does with an event, without committing."""

    name: str
    act: Callable[[Event], None]


class Following:
    """One reader in one process, in step with the same reader in others: whoever locks the bookmark reads on."""

    def __init__(self, reader: Reader):
        self.reader = reader
        self._bell = threading.Event()

    def ring(self, _sender=None):
        """What the `recorded` signal calls."""
        self._bell.set()

    def run(self, app: Flask):
        """Catch up whenever the bell rings, until the hub closes."""
        signals.recorded.connect(self.ring)
        while not hub.closing:
            with contained(self.reader.name), app.app_context(), unless_busy():
                catch_up(self.reader)
            with contained("bell"):
                self._bell.wait(POLL_SECONDS)
                self._bell.clear()


def catch_up(reader: Reader):
    """Deal with every event after the reader's bookmark, oldest first.

    Raises what the database raises when it is away: then nothing is passed over, and the next call goes on here.
    """
    while found := db.rows(_NEXT, here=_here(reader)):
        for (id,) in found:
            db.session.remove()
            _pass(reader, id)
    db.session.remove()


def try_again(reader: Reader, event_id: int) -> bool:
    """Have the reader deal with an event that was kept; whether it could. What it raises is kept in its place."""
    kept = db.session.get(KeptEvent, (reader.name, event_id))
    if kept is None:
        return False
    db.lock(kept)
    try:
        reader.act(kept.event)
        db.session.delete(kept)
        db.commit()
    except Exception as error:
        db.session.rollback()
        _raise_if_away(error)
        kept = db.session.get(KeptEvent, (reader.name, event_id))
        kept.error, kept.tries = _told(error), kept.tries + 1
        db.commit()
        return False
    return True


def _here(reader: Reader) -> int:
    bookmark = db.session.get(ReaderBookmark, reader.name)
    if bookmark is None:  # the first time: what happened before there was such a reader is no news to it
        bookmark = ReaderBookmark(name=reader.name, event_id=log.bookmark().id)
        db.session.add(bookmark)
        db.commit()
    return bookmark.event_id


def _pass(reader: Reader, id: int):
    try:
        if _step_to(reader, id) and (event := db.session.get(Event, id)):  # it may be gone, with what it was about
            reader.act(event)
        db.commit()
    except Exception as error:
        db.session.rollback()
        _raise_if_away(error)
        note(reader.name, error)
        if _step_to(reader, id):
            db.session.add(KeptEvent(reader=reader.name, event_id=id, error=_told(error)))
        db.commit()


def _step_to(reader: Reader, id: int) -> bool:
    """Move the bookmark; False when the same reader of another process has come so far already."""
    bookmark = db.session.get(ReaderBookmark, reader.name)
    db.lock(bookmark)
    if bookmark.event_id >= id:
        return False
    bookmark.event_id = id
    return True


def _raise_if_away(error: Exception):
    if trouble(error) or getattr(error, "connection_invalidated", False):
        raise error


def _told(error: Exception) -> str:
    said = str(getattr(error, "orig", error))
    return f"{type(error).__name__}: {said}"[:MOST_WORDS]
