"""The way in: a mail is kept as it is before anything else, then read, and what became of it is written down."""

import threading
from datetime import timedelta
from typing import NamedTuple

from flask import Flask
from sqlalchemy import or_, select
from sqlalchemy.exc import IntegrityError

from informejo import clock, db, signals
from informejo.accounts.queries import user_by_email
from informejo.faults import contained, note
from informejo.intake import actions as intake_actions, refusing_actions
from informejo.intake.bringing import brought
from informejo.intake.judging_queries import judge, once_more
from informejo.live.hub import hub
from informejo.mail.models import IncomingMail
from informejo.mail.words import InState
from informejo.mime import parsing
from informejo.offload import offload
from informejo.settings.saved import setting
from informejo.tickets import files
from informejo.turns import trouble, unless_busy

ARRIVED = "mail"  # the topic of the bell
POLL_SECONDS = 2  # a bell that another process rang is not heard here
READING = timedelta(minutes=2)  # whoever takes longer over a mail is taken for dead
MOST_TRIES = 3
BATCH = 100


class Place(NamedTuple):
    """Where a mail lay. The names are those of IncomingMail's columns."""

    mailbox: str
    uid_validity: int | None
    uid: int | None


def store(raw: bytes, mailbox: str, uid_validity: int | None = None, uid: int | None = None) -> IncomingMail:
    """Keep a mail, as it is: once this returns it can be removed from where it came from.

    The same place in a mailbox again is the same mail. Raises FileRefused, or what the database raises.
    """
    if len(raw) > setting("MAIL_LARGEST"):
        return refuse(raw, len(raw), mailbox, uid_validity, uid)
    return _keep(raw, Place(mailbox, uid_validity, uid))


def refuse(
    head: bytes, size: int, mailbox: str, uid_validity: int | None = None, uid: int | None = None
) -> IncomingMail:
    """Keep the head of a mail that is larger than MAIL_LARGEST, and have its sender told; `size` is all of it."""
    return _keep(refusing_actions.head(head), Place(mailbox, uid_validity, uid), refused_size=size)


def take(mail: IncomingMail) -> IncomingMail:
    """Make of a new mail what is to be made of it, in one commit. Whatever is wrong with it ends in quarantine.

    Raises what says that database or disk cannot take it just now; then it is taken up again later.
    """
    if not _claimed(mail):
        return mail
    try:
        _read(mail)
    except Exception as error:
        db.session.rollback()
        if isinstance(error, files.NoRoom | files.NoPlace) or trouble(error):
            _give_try_back(mail.id)
            raise
        note("mail", error)
        intake_actions.quarantine(mail, _why(error))
        db.commit()
    return mail


def take_all():
    """Take every mail that nobody has read yet, oldest first."""
    until, now = IncomingMail.claimed_until, clock.now()
    free = or_(until.is_(None), until < now, until > now + clock.BEYOND)
    waiting = select(IncomingMail.id).where(IncomingMail.state == InState.NEW, free).order_by(IncomingMail.id)
    for id in db.session.scalars(waiting.limit(BATCH)).all():
        db.session.remove()
        if mail := db.session.get(IncomingMail, id):  # its ticket may be gone for good meanwhile, and it with it
            take(mail)
    db.session.remove()


def watch(app: Flask):
    """Take mails as they come, until the hub closes."""
    bell = threading.Event()

    def ring(topic: str):
        if topic == ARRIVED:
            bell.set()

    signals.noticed.connect(ring)
    while not hub.closing:
        with contained("mail"), app.app_context(), unless_busy():
            take_all()
        with contained("bell"):
            bell.wait(POLL_SECONDS)
            bell.clear()


def _why(error: Exception) -> str:
    """A sentence about why a mail could not be read."""
    if isinstance(error, parsing.Unreadable):
        return str(error)
    if isinstance(error, OSError):
        return "Its file is not on the desk's disk, or cannot be read: see `bin/flask files`."
    return f"It could not be taken: {type(error).__name__}: {getattr(error, 'description', '') or error}"[:500]


def _keep(content: bytes, place: Place, refused_size: int = 0) -> IncomingMail:
    """The file first, then its row: what is committed is on disk, and a file without a row goes as a stray."""
    if known := _known(place):
        return known
    stored_name = files.write(content)
    mail = IncomingMail(**place._asdict(), stored_name=stored_name, size=len(content))
    try:
        db.session.add(mail)
        if refused_size:
            refusing_actions.refuse(mail, content, refused_size)
        db.notice(ARRIVED)
        db.commit()
    except BaseException as error:
        db.session.rollback()
        if not isinstance(error, IntegrityError) or (known := _known(place)) is None:
            raise  # its file stays: whether the commit reached the disk may not be known
        files.remove(stored_name)
        return known  # somebody else fetched it at the same time
    return mail


def _known(place: Place) -> IncomingMail | None:
    if place.uid is None:
        return None
    return db.session.scalar(select(IncomingMail).filter_by(**place._asdict()))


def _claimed(mail: IncomingMail) -> bool:
    """Have the mail for READING. How often that was is committed first: a mail that kills who reads it must not always.

    False when somebody else has it, it is done, or nobody ever came to its end.
    """
    db.lock(mail)
    now = clock.now()
    if mail.state != InState.NEW or (mail.claimed_until and now < mail.claimed_until < now + clock.BEYOND):
        db.session.rollback()
        return False
    if mail.tries >= MOST_TRIES:
        intake_actions.quarantine(mail, f"It was begun {mail.tries} times and nobody came to its end.")
    else:
        mail.tries, mail.claimed_until = mail.tries + 1, now + READING
    db.commit()
    return mail.state == InState.NEW


def _give_try_back(id: int):
    """It is not this mail that fails: three such moments must not have it wait for somebody of the staff."""

    def write() -> bool:
        mail = db.session.get(IncomingMail, id)
        if mail is not None:
            mail.tries -= 1
        return mail is not None

    db.commit_if_possible(write)


def _read(mail: IncomingMail):
    raw = files.read(mail.stored_name)
    parsed = offload(parsing.parse, raw)
    judgement = judge(mail, parsed, raw)
    if judgement.match is None:
        db.lock(mail)
        intake_actions.settle(mail, judgement, parsed)
        db.commit()
        return
    ticket, internal = judgement.match.ticket, judgement.match.internal
    as_staff = bool(ticket and judgement.match.person.is_staff)
    sender = judgement.match.person or user_by_email(parsed.sender)
    with brought(mail, parsed, sender, ticket, internal, only_said=as_staff) as things:
        db.lock(mail)
        if mail.state == InState.NEW:  # it took so long that another process began anew, and was first
            intake_actions.settle(mail, once_more(mail, judgement, parsed), parsed, things)
        db.commit()
