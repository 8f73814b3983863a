"""Reading what the doctor wrote down."""

from sqlalchemy import exists, select

from informejo import db
from informejo.accounts.queries import fingerprint
from informejo.doctor.models import Finding, ProbeToken, State


def findings() -> list[Finding]:
    """What was found last."""
    return list(db.session.scalars(select(Finding)))


def something_broken() -> bool:
    """Whether the last examination found anything broken."""
    return db.session.scalar(select(exists().where(Finding.state == State.BROKEN)))


def probe_is_expected(token: str) -> bool:
    """Whether that token is written down."""
    return db.session.get(ProbeToken, fingerprint(token)) is not None
