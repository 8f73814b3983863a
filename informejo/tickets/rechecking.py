"""Asking the virus scanner again about files that are held because it did not answer when they came."""

import time
from contextlib import suppress

from flask import Flask, current_app
from sqlalchemy import select

from informejo import db
from informejo.clamd import Silent, Unchecked
from informejo.faults import contained
from informejo.live.hub import hub
from informejo.tickets import files, scanning
from informejo.tickets.hold_actions import note_verdict
from informejo.tickets.models import Attachment
from informejo.tickets.words import Hold
from informejo.turns import unless_busy

EVERY = 15  # seconds from one look at what is held to the next
UNCHECKABLE = 600  # seconds until it is asked again about a file that it could not check
_later: dict[int, float] = {}  # until when, by the id of an attachment


def watch(app: Flask):
    """Ask again every few seconds, until the hub closes."""
    due = time.monotonic() + EVERY
    while not hub.closing:
        time.sleep(1)
        if time.monotonic() < due:
            continue
        with contained("scanner"), app.app_context(), unless_busy():
            check_held()
        due = time.monotonic() + EVERY


def check_held():
    """Ask about all files that are held, the oldest first, until the scanner does not answer."""
    if not current_app.config["SCANNER"]:
        return
    scanning.ask_anew()
    held = select(Attachment.id).where(Attachment.hold == Hold.UNCHECKED).order_by(Attachment.id)
    ids = db.session.scalars(held).all()
    with suppress(Silent):
        for id in ids:
            if time.monotonic() >= _later.get(id, 0):
                _check(id)
    db.session.rollback()


def _check(id: int):
    """No connection is held, and nothing locked, while the scanner is asked. Raises Silent."""
    path = _path(id)
    try:
        found = scanning.found_in(scanning.of_file(path)) if path else ""
    except Silent:
        raise
    except Unchecked:  # it is too large for the scanner, or lost
        _later[id] = time.monotonic() + UNCHECKABLE
        return
    if attachment := db.session.get(Attachment, id):
        note_verdict(attachment, found)
        db.commit()


def _path(id: int):
    attachment = db.session.get(Attachment, id)
    path = attachment and files.path_of(attachment)
    db.session.rollback()
    return path
