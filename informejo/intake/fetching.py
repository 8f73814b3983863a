"""Fetching mail: look into each mailbox every so often, keep what lies there, and only then take it out."""

import threading
import time
from contextlib import contextmanager

from flask import Flask, current_app
from sqlalchemy import select

from informejo import db
from informejo.faults import contained, note
from informejo.intake import imap, inbound, lease_actions, mailboxes
from informejo.intake.mailboxes import Mailbox
from informejo.intake.troubles import MailboxError, told
from informejo.live.hub import hub
from informejo.mail import oauth, way_actions
from informejo.mail.models import IncomingMail
from informejo.settings.saved import setting
from informejo.tickets.files import FileRefused
from informejo.turns import trouble, unless_busy

BATCH = 20  # mails between two removals from the mailbox
ROUND_SECONDS = 600  # a round that takes longer is ended, and the next one goes on
RENEW_SECONDS = 15  # a good deal less than a lease lasts
FAULTS = "fetching"  # where a fault is counted


class NotKept(Exception):
    """Nothing can be kept now, whatever it is; the message says why."""


class Fetching:
    """The fetching of one process, in step with others: each mailbox is looked into by whoever has its lease."""

    def __init__(self):
        self.holder = lease_actions.new_holder()
        self._at_it: dict[str, threading.Lock] = {}

    def run(self, app: Flask):
        """Follow each mailbox by itself, so that none has to wait for another, until the hub closes."""
        for box in mailboxes.read(app.config):
            threading.Thread(target=self._follow, args=(app, box), name=box.name, daemon=True).start()

    def _follow(self, app: Flask, box: Mailbox):
        looked_at = 0.0
        while not hub.closing:
            with contained(FAULTS), app.app_context(), unless_busy():
                if not looked_at or time.monotonic() >= looked_at + setting("MAIL_POLL_SECONDS"):
                    try:
                        self.fetch(box)
                    finally:
                        looked_at = time.monotonic()
            time.sleep(1)
        with contained(FAULTS), app.app_context():
            self.stop(box)

    def stop(self, box: Mailbox):
        """Let another process look into it at once."""
        lease_actions.give_back(box.name, self.holder)
        db.commit()

    def fetch(self, box: Mailbox):
        """One round: take all that lies there. Nothing happens while somebody else is at it."""
        with _alone(self._at_it.setdefault(box.name, threading.Lock())) as is_alone:
            if not (is_alone and _have(box.name, self.holder)):
                return
            wrong = _round(box, self.holder)
            db.session.remove()
            if wrong:
                oauth.forget(box.name)
                way_actions.failed(box.name, wrong)
            else:
                way_actions.went_well(box.name)
            db.commit()


@contextmanager
def _alone(lock: threading.Lock):
    is_alone = lock.acquire(blocking=False)
    try:
        yield is_alone
    finally:
        if is_alone:
            lock.release()


def _have(name: str, holder: str) -> bool:
    have = lease_actions.take(name, holder)
    db.commit()
    return have


def _round(box: Mailbox, holder: str) -> str:
    """Why something was left there; nothing if all went well."""
    try:
        token = oauth.access_token(box.name, box.provider, current_app.config) if box.provider else ""
        with _guarded(box.name, holder) as line, imap.opened(box, token, line) as mailbox:
            left = _take_all(mailbox, box.name)
    except (MailboxError, oauth.NoToken, NotKept) as error:
        return str(error)
    except Exception as error:  # whatever it is, somebody is told, and the next round tries again
        note(FAULTS, error)
        return f"{type(error).__name__}: {told(error)}"
    return f"{left} of the mails in it could not be kept; the log says why." if left else ""


@contextmanager
def _guarded(name: str, holder: str):
    """A line that is cut after ROUND_SECONDS, when the server stops, and when the lease cannot be renewed."""
    line, over = imap.Line(), threading.Event()
    app = current_app._get_current_object()
    threading.Thread(target=_guard, args=(app, name, holder, line, over), daemon=True).start()
    try:
        yield line
    finally:
        over.set()


def _guard(app: Flask, name: str, holder: str, line: imap.Line, over: threading.Event):
    end, renewal = time.monotonic() + ROUND_SECONDS, time.monotonic() + RENEW_SECONDS
    while not over.wait(1):
        may_go_on = not hub.closing and time.monotonic() < end
        if may_go_on and time.monotonic() > renewal:
            renewal += RENEW_SECONDS
            may_go_on = _renewed(app, name, holder)
        if not may_go_on:
            line.cut()


def _renewed(app: Flask, name: str, holder: str) -> bool:
    with contained("lease"), app.app_context(), unless_busy():
        return _have(name, holder)
    return False


def _take_all(mailbox: imap.Opened, name: str) -> int:
    """Take every mail, the oldest first; how many could not be kept and are left there."""
    left, uids = 0, mailbox.uids()
    for start in range(0, len(uids), BATCH):
        batch = uids[start : start + BATCH]
        known = _known(name, mailbox.uid_validity, batch)
        new = _lying(mailbox, [uid for uid in batch if uid not in known])
        kept = {lying.uid for lying in new if _take(mailbox, name, lying)}
        mailbox.remove(sorted(known | kept))
        left += len(batch) - len(known | kept)
    return left


def _known(name: str, uid_validity: int, uids: list[int]) -> set[int]:
    """Those that are kept already: the process died before it could take them out, or the connection was cut."""
    here = IncomingMail.mailbox == name, IncomingMail.uid_validity == uid_validity
    found = set(db.session.scalars(select(IncomingMail.uid).where(*here, IncomingMail.uid.in_(uids))))
    db.session.remove()
    return found


def _lying(mailbox: imap.Opened, uids: list[int]) -> list[imap.Lying]:
    """Those of them that are there. Where the server cannot read one, it declines to tell of all that are asked for."""
    try:
        return mailbox.sizes(uids)
    except imap.Declined as no:
        if len(uids) == 1:
            note(FAULTS, no)
            return []
    return [lying for uid in uids for lying in _lying(mailbox, [uid])]


def _take(mailbox: imap.Opened, name: str, lying: imap.Lying) -> bool:
    """Whether one mail may leave the mailbox: it is kept, or gone. One that cannot be kept stops no other.

    Raises NotKept where disk or database take nothing at all.
    """
    too_large = lying.size > setting("MAIL_LARGEST")
    try:
        raw = _given(mailbox, lying.uid, too_large)
    except imap.Declined as no:
        note(FAULTS, no)
        return False
    return raw is None or _is_kept(raw, lying.size if too_large else 0, name, mailbox.uid_validity, lying.uid)


def _is_kept(raw: bytes, refused_size: int, *place) -> bool:
    try:
        inbound.refuse(raw, refused_size, *place) if refused_size else inbound.store(raw, *place)
        return True
    except Exception as error:
        db.session.rollback()
        if isinstance(error, OSError | FileRefused) or trouble(error):
            raise NotKept(f"The desk can keep no mail: {told(error)}") from error
        note(FAULTS, error)
        return False
    finally:
        db.session.remove()


def _given(mailbox: imap.Opened, uid: int, too_large: bool) -> bytes | None:
    """The mail, or its headers; None where somebody else took it out meanwhile. Raises imap.Declined."""
    raw = mailbox.headers(uid) if too_large else mailbox.mail(uid)
    if raw is None and mailbox.sizes([uid]):  # it must not be taken out unread
        raise imap.Declined("The server names a mail and does not give it.")
    return raw
