"""The one who sends: takes up what is due, oldest first, has it written, and hands it to the server.

A mail is claimed; then it is written, and its Message-Id kept; then it goes to the server, with no transaction open;
then that is noted. Whatever ends the process leaves a mail that is found again when its claim has run out. Only one
that the server took and nobody could note any more is sent twice, both times with the same Message-Id.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Flask
from werkzeug.exceptions import HTTPException

from informejo import clock, db, signals
from informejo.faults import contained, note
from informejo.live.hub import hub
from informejo.mail import outgoing_actions, verdicts, way_actions
from informejo.mail.claims import LASTS, claim, due, holds
from informejo.mail.composing import compose
from informejo.mail.delivering import Parcel, Way, way
from informejo.mail.models import OutgoingMail
from informejo.mail.smtp import Dropped, Later, NotAllowed, Refused
from informejo.mail.smtp_server import Unreachable
from informejo.mail.words import SENDING, Kind
from informejo.turns import give_way, trouble, unless_busy

POLL_SECONDS = 2  # neither the end of a wait rings, nor a bell in another process
PAUSE_SECONDS = 0.25  # the same bell rings for whoever decides about mails first; and many bells are one look
REST = timedelta(seconds=30)  # for the server, after trouble of its own
BACK_OFF = tuple(timedelta(minutes=minutes) for minutes in (1, 5, 30, 120, 720))


class Outbox:
    """The sender of one process. Others may send beside it: each mail goes out once."""

    def __init__(self):
        self._bell = threading.Event()
        self._rests_until: datetime | None = None
        self._taken: dict[int, Parcel] = {}  # what the server took and the database could not note yet

    def ring(self, _sender=None):
        """What the `recorded` signal calls."""
        self._bell.set()

    def run(self, app: Flask):
        """Send whatever is due, whenever the bell rings and every POLL_SECONDS, until the hub closes."""
        signals.recorded.connect(self.ring)
        while not hub.closing:
            with contained("outbox"), app.app_context(), unless_busy():
                self.send_due()
            with contained("bell"):
                self._bell.wait(POLL_SECONDS)
                self._bell.clear()
                time.sleep(PAUSE_SECONDS)

    def send_due(self):
        """Send all that is due now, unless the server is left in peace. Raises what the database raises."""
        try:
            self._note_taken()
            if not self._rests():
                self._send_all()
        finally:
            db.session.remove()

    def send_alone(self, id: int):
        """Send that mail now, whatever else waits, unless somebody has taken it up. Raises Unreachable."""
        with way() as open_way:
            if open_way:
                self._send(id, open_way)

    def _rests(self) -> bool:
        """Whether the server is left in peace; no longer than REST, also where the clock goes back."""
        now = clock.now()
        return self._rests_until is not None and now < self._rests_until <= now + REST

    def _send_all(self):
        try:
            with way() as open_way:
                while open_way and not hub.closing and (ids := due()):
                    for id in ids:
                        if not hub.closing:
                            self._send(id, open_way)
                        give_way()  # also where mails are caught, and no server lets others have their turn
        except Unreachable as error:
            self._rests_until = clock.now() + REST
            db.session.remove()
            way_actions.failed(SENDING, str(error))
            db.commit()

    def _send(self, id: int, to: Way):
        parcel = _written(id)
        if parcel is None or not _is_taken(parcel, to):
            return
        if to.is_server:
            self._taken[id] = parcel
            self._note_taken()
        else:
            _end(parcel, outgoing_actions.mark_sent)

    def _note_taken(self):
        for id, parcel in list(self._taken.items()):
            way_actions.goes_well(SENDING)
            _end(parcel, outgoing_actions.mark_sent)
            del self._taken[id]


def _written(id: int) -> Parcel | None:
    """That mail as it goes out, claimed, and kept with its Message-Id; None when it is not to be sent now."""
    mail = claim(id)
    if mail is None:
        return None
    try:
        return _write(mail)
    except (HTTPException, ValueError) as error:  # what it is about is gone, or nobody can be written to there
        db.session.rollback()
        gone = isinstance(error, HTTPException)
        how = outgoing_actions.mark_dropped if gone else outgoing_actions.mark_failed
        how(db.session.get(OutgoingMail, id), error.description if gone else str(error))
    except Exception as error:
        _note_fault(error)
        mail = db.session.get(OutgoingMail, id)
        mail.tries += 1
        _put_off(mail, f"It could not be written: {type(error).__name__}.")
    db.commit()
    return None


def _write(mail: OutgoingMail) -> Parcel | None:
    tells = bool(mail.verdicts) or mail.event_id is not None or mail.kind == Kind.BUNDLE
    left = verdicts.left(mail)
    if tells and not left:
        outgoing_actions.mark_dropped(mail)
        db.commit()
        return None
    if mail.tries > len(BACK_OFF):  # each time it was spoken to the server, and nobody lived to say what became of it
        outgoing_actions.mark_failed(mail, f"It was begun {mail.tries} times, and the desk stopped each time.")
        db.commit()
        return None
    if until := verdicts.quiet_until(mail):  # it was to go out before they began
        outgoing_actions.mark_waiting(mail, until, mail.tries, mail.error)
        db.commit()
        return None
    message = compose(mail, left)
    mail.tries, mail.claimed_until = mail.tries + 1, clock.now() + LASTS
    parcel = Parcel(mail.id, mail.claimed_until, mail.kind, mail.address, message)
    db.commit()
    db.session.remove()  # while the server is spoken to, nobody else misses a connection to the database
    return parcel


def _is_taken(parcel: Parcel, to: Way) -> bool:
    """Hand it over; where it was not taken, that is noted. Raises Unreachable where no other would be taken either."""
    try:
        to.deliver(parcel)
    except Refused as error:
        _end(parcel, outgoing_actions.mark_failed, str(error))
    except Later as error:
        _end(parcel, _put_off, str(error))
        if isinstance(error, Dropped | NotAllowed):
            raise Unreachable(str(error)) from None
    except Unreachable:
        _end(parcel, _put_back)
        raise
    except Exception as error:
        _note_fault(error)
        _end(parcel, _put_off, f"It could not be sent: {type(error).__name__}.")
    else:
        return True
    return False


def _note_fault(error: Exception):
    """Something of ours is wrong: others go on, and it is tried again. The database's own trouble is raised."""
    db.session.rollback()
    if trouble(error):
        raise error
    note("outbox", error)


def _end(parcel: Parcel, how: Callable, *words: str):
    """Note what became of it, unless it took so long that somebody else has taken the mail up."""
    mail = db.session.get(OutgoingMail, parcel.id)
    if holds(mail, parcel.claimed_until):
        how(mail, *words)
        db.commit()
    else:
        db.session.rollback()


def _put_off(mail: OutgoingMail, error: str):
    if mail.tries > len(BACK_OFF):
        outgoing_actions.mark_failed(mail, error)
    else:
        outgoing_actions.mark_waiting(mail, clock.now() + BACK_OFF[mail.tries - 1], mail.tries, error)


def _put_back(mail: OutgoingMail):
    """The trouble was the server's own, so this is no try of the mail."""
    outgoing_actions.mark_waiting(mail, mail.due_at, mail.tries - 1, mail.error)
