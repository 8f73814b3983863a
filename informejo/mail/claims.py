"""Which mails are due, and how one process takes one up so that no other does."""

from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, or_, select, update

from informejo import clock, db
from informejo.mail.models import OutgoingMail
from informejo.mail.words import OutState

BATCH = 100
LASTS = timedelta(minutes=10)  # longer than all time-outs of one mail together
FARTHEST = timedelta(days=4)  # no wait is as long as that: not for a bundle, with quiet hours after it, nor for a try


def due() -> list[int]:
    """The ids of the oldest mails that can be sent now; whoever waited longest goes first, whenever it was tried."""
    oldest = select(OutgoingMail.id).where(_is_due(clock.now())).order_by(OutgoingMail.id).limit(BATCH)
    found = [id for (id,) in db.rows(oldest)]
    db.session.remove()
    return found


def claim(id: int) -> OutgoingMail | None:
    """Take up that mail, and commit; None when somebody else has done so or it is not due any more."""
    db.session.remove()
    now = clock.now()
    mine = {"state": OutState.SENDING, "claimed_until": now + LASTS}
    outgoing = OutgoingMail.__table__
    taken = db.session.execute(update(outgoing).where(outgoing.c.id == id, _is_due(now)).values(mine)).rowcount
    db.commit()
    return db.session.get(OutgoingMail, id) if taken else None


def holds(mail: OutgoingMail | None, until: datetime) -> bool:
    """Whether the mail is still claimed by whoever claimed it until then. Locks it."""
    if mail is None:
        return False
    db.lock(mail)
    return mail.state == OutState.SENDING and mail.claimed_until == until


def _is_due(now: datetime) -> ColumnElement[bool]:
    """What lies too far ahead was written while the clock was ahead, and has come by then."""
    outgoing = OutgoingMail.__table__.c
    come = or_(outgoing.due_at <= now, outgoing.due_at > now + FARTHEST)
    free = or_(outgoing.claimed_until < now, outgoing.claimed_until > now + clock.BEYOND)
    return or_(and_(outgoing.state == OutState.WAITING, come), and_(outgoing.state == OutState.SENDING, free))
