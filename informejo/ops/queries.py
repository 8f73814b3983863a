"""Reading what the doctor wrote down."""

from sqlalchemy import select

from informejo.accounts.queries import fingerprint
from informejo.db import db
from informejo.ops.models import Finding, ProbeToken


def findings() -> list[Finding]:
    """What was found last."""
    return list(db.session.scalars(select(Finding)))


def probe_is_expected(token: str) -> bool:
    """Whether that token is written down."""
    return db.session.get(ProbeToken, fingerprint(token)) is not None
