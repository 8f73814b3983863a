"""Leases: what only one of several processes may do at a time, and for how long it has it without asking again."""

import secrets
from datetime import timedelta

from sqlalchemy import delete, insert, or_, update
from sqlalchemy.exc import IntegrityError

from informejo import clock, db
from informejo.mail.models import Lease

LASTS = timedelta(minutes=1)


def new_holder() -> str:
    """A word that nobody else goes by."""
    return secrets.token_hex(16)


def take(name: str, holder: str) -> bool:
    """Have it for LASTS from now on, also where one has it already; False while somebody else has it."""
    now, values = clock.now(), {"holder": holder, "until": clock.now() + LASTS}
    free = or_(Lease.holder == holder, Lease.until < now, Lease.until > now + clock.BEYOND)
    if db.session.execute(update(Lease).where(Lease.name == name, free).values(values)).rowcount:
        return True
    try:
        with db.session.begin_nested():
            db.session.execute(insert(Lease).values(name=name, **values))
    except IntegrityError:
        return False
    return True


def give_back(name: str, holder: str):
    """Let others have it at once."""
    db.session.execute(delete(Lease).where(Lease.name == name, Lease.holder == holder))
