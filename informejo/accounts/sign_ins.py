"""Whether a sign-in holds, and whose it is, as plain rows: asked for each stream that opens and before each change.

The statements are built once, since building one takes several times as long as answering it; and they read tables,
because nothing of what they find is changed.
"""

from datetime import datetime, timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Connection, bindparam, select
from sqlalchemy.orm import scoped_session

from informejo import clock, db
from informejo.accounts.models import STAFF, Role, Session, User
from informejo.accounts.queries import fingerprint
from informejo.events import log
from informejo.live.bookmark import Bookmark


class Reader(NamedTuple):
    """Somebody active, with all that the law asks about a person."""

    id: int
    name: str
    role: Role
    active: bool = True

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF


class SignIn(NamedTuple):
    """A sign-in that holds."""

    id: int
    expires_at: datetime
    user: Reader


def sign_in_for(token: str) -> SignIn | None:
    """What `queries.session_for` finds, for doors that only show."""
    found = db.session.execute(_FOUND, {"hash": fingerprint(token), **_by_now()}).first() if token else None
    return SignIn(found[0], found[1], Reader(*found[2:])) if found else None


def holds(id: int, role: Role, reads: Connection | scoped_session = db.session) -> bool:
    """Whether the sign-in with that id still holds for somebody active in that role: in a transaction, to its end."""
    return reads.scalar(_LOCKED, {"id": id, "role": role, **_by_now()}) is not None


def here_while_holding(id: int, role: Role) -> Bookmark | None:
    """Where the log stands, looked at in the same moment as the sign-in; None when that does not hold any more."""
    word, newest, held = db.session.execute(_HERE, {"id": id, "role": role, **_by_now()}).one()
    return log.bookmark_of(word, newest) if held is not None else None


def _by_now() -> dict[str, datetime]:
    """What has ended by now: sign-ins that expired before `now`, and those last used before `idle`."""
    now = clock.now()
    return {"now": now, "idle": now - timedelta(hours=current_app.config["SESSION_IDLE_HOURS"])}


_session, _user = Session.__table__.c, User.__table__.c
_LIVE = (
    select(_session.id)
    .join_from(Session.__table__, User.__table__, _user.id == _session.user_id)
    .where(_user.active, _session.expires_at > bindparam("now"), _session.seen_at > bindparam("idle"))
)
_FOUND = _LIVE.where(_session.token_hash == bindparam("hash")).with_only_columns(
    _session.id, _session.expires_at, _user.id, _user.name, _user.role, maintain_column_froms=True
)
_HOLDS = _LIVE.where(_session.id == bindparam("id"), _user.role == bindparam("role"))
_LOCKED = _HOLDS.with_for_update(read=True)
_HERE = log.HERE.add_columns(_HOLDS.scalar_subquery())
