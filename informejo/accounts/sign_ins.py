"""Sign-ins: who asks, whether theirs (still) holds, which somebody has. One statement each, built once.

Pages get entities, which they may change; streams get plain rows, at a glance.
"""

import json
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Connection, Integer, Text, and_, bindparam, case, cast, func, not_, or_, select
from sqlalchemy.orm import contains_eager, scoped_session

from informejo import clock, db
from informejo.accounts.models import DEMANDED, STAFF, Role, Session, User
from informejo.accounts.queries import fingerprint
from informejo.db import Moment
from informejo.events.log import STANDING, Standing
from informejo.glance import glance
from informejo.live.bookmark import Bookmark
from informejo.live.hub import hub
from informejo.settings.models import SavedSetting


class Viewer(NamedTuple):
    """Somebody active, with all that the law asks about a person."""

    id: int
    name: str
    role: Role
    narrowed: bool = False
    only: int | None = None  # the ticket of the link they came in with
    active: bool = True

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF and self.only is None


class SignIn(NamedTuple):
    """A sign-in that holds."""

    id: int
    ends_at: datetime  # if nobody does anything with it from now on
    user: Viewer


class Asking(NamedTuple):
    """Whose request it is, where the log stood when that was looked up, and what the hub had counted before."""

    session: Session | SignIn
    standing: Standing
    revocations: int  # where the hub has counted more by now, what was found may not hold any more


def who_asks(token: str, link_to: int | None = None) -> Asking | None:
    """The sign-in that this cookie's value stands for, unless it has ended, lay idle too long, or its owner left.

    And with it where the log stands: what every page begins with, in one statement. `link_to` is the ticket whose link
    the cookie holds: there a link counts and nothing else, and everywhere else no link does.
    """
    revocations = hub.revocations
    asked = {"hash": fingerprint(token), "link_to": link_to, **_by_now()}
    found = db.session.execute(_ENTITIES, asked).first() if token else None
    if not found:
        return None
    found[0].user.only = found[0].ticket_id
    return Asking(found[0], Standing(*found[1:]), revocations)


def viewer_for(token: str, link_to: int | None = None) -> Asking | None:
    """The same as plain rows, with SignIn and Viewer for Session and User: for streams, which change nothing."""
    revocations = hub.revocations
    found = glance(_FOUND, hash=fingerprint(token), link_to=link_to, **_by_now()) if token else None
    if not found:
        return None
    id, expires_at, seen_at, *rest, epoch, latest, people, confided = found[0]
    viewer, stands = Viewer(*rest), Standing(epoch, latest, people, confided)
    ends_at = expires_at if viewer.only else min(expires_at, seen_at + idle_time(viewer.role))
    return Asking(SignIn(id, ends_at, viewer), stands, revocations)


def holds(id: int, role: Role, narrowed: bool, reads: Connection | scoped_session = db.session) -> bool:
    """Whether the sign-in with that id still holds for somebody active in that role, who sees as much as then.

    Asked within a transaction that writes, the answer stays true until its end.
    """
    return reads.scalar(_LOCKED, {"id": id, "role": role, "narrowed": narrowed, **_by_now()}) is not None


def here_while_holding(id: int, viewer: Viewer) -> Bookmark | None:
    """Where the log stands, looked at in the same moment as the sign-in; None when that does not hold any more."""
    values = {"id": id, "role": viewer.role, "narrowed": viewer.narrowed, **_by_now()}
    *stands, held = db.rows(_STANDING_WHILE_HELD, **values)[0]
    return Standing(*stands).bookmark if held is not None else None


def sessions_of(user: User) -> list[Session]:
    """This person's sign-ins that have not ended, the last used first; they hold while the person is active."""
    return list(db.session.scalars(_OF_ONE, {"id": user.id, **_by_now()}))


def holding_of(user: User) -> set[int]:
    """The ids of all that lets this person in while they are active: their sign-ins, and their links to tickets."""
    return set(db.session.scalars(_ALL_OF_ONE, {"id": user.id, **_by_now()}))


def why_ended(token: str) -> str:
    """Why the sign-in that this cookie's value stood for holds no more: `idle`, or `factor`, as one is demanded by now.

    Empty where it holds, or was ended.
    """
    found = db.rows(_WHY, hash=fingerprint(token), **_by_now()) if token else ()
    for in_use, is_strong in found:
        return "" if in_use and is_strong else "factor" if in_use else "idle"
    return ""


def lacking_factor(token: str) -> Session | None:
    """The sign-in that this cookie's value stands for, if nothing but a second factor is missing."""
    ids = {"hash": fingerprint(token), **_by_now()}
    return db.session.scalar(_LACKING, ids) if token else None


def without_factor(whom: str) -> set[int]:
    """The ids of sign-ins with which no second factor was shown, of those of whom `whom`, as in DEMANDED, has one."""
    lacking = select(_session.id).join_from(Session.__table__, User.__table__, _user.id == _session.user_id)
    lacking = lacking.where(_session.factor == "", _session.ticket_id.is_(None), _user.role.in_(DEMANDED[whom]))
    return set(db.session.scalars(lacking))


def idle_time(role: Role) -> timedelta:
    """How long a sign-in of somebody in that role may lie idle."""
    return _idle_times()[role == Role.ADMIN]


def _by_now() -> dict[str, datetime | str]:
    """What has ended by now: sign-ins that expired before `now`, and those last used before `idle` or `admin_idle`.

    And of whom the environment demands a `second_factor`, where no administrator has said it in a page.
    """
    now, (idle, admin_idle) = clock.now(), _idle_times()
    second_factor = json.dumps(current_app.config["SECOND_FACTOR"])
    return {"now": now, "idle": now - idle, "admin_idle": now - admin_idle, "second_factor": second_factor}


def _idle_times() -> tuple[timedelta, timedelta]:
    """How long a sign-in may lie idle: anybody's, and an administrator's."""
    of_all = timedelta(hours=current_app.config["SESSION_IDLE_HOURS"])
    return of_all, min(of_all, timedelta(minutes=current_app.config["ADMIN_IDLE_MINUTES"]))


_session, _user = Session.__table__.c, User.__table__.c
_IS_LINK = _session.ticket_id.is_not(None)  # it waits for its mail, and opens one ticket as its requester
_IDLE = case((_user.role == Role.ADMIN, bindparam("admin_idle", type_=Moment)), else_=bindparam("idle", type_=Moment))
_IN_USE = or_(_session.seen_at > _IDLE, _IS_LINK)
# Asked in the same statement, so that the demand holds from its commit on, and for whoever writes just then.
_SAVED = select(cast(SavedSetting.value, Text)).where(SavedSetting.name == "SECOND_FACTOR").scalar_subquery()
_SAYS = func.coalesce(_SAVED, bindparam("second_factor", type_=Text))
_HAS_TO = or_(*(and_(json.dumps(whom) == _SAYS, _user.role == role) for whom in DEMANDED for role in DEMANDED[whom]))
_IS_STRONG = or_(_session.factor != "", _IS_LINK, not_(_HAS_TO))
_IN_TIME = _session.expires_at > bindparam("now")
_NOT_ENDED = _IN_TIME, _IN_USE, _IS_STRONG
_HOLDING = (
    select(_session.id)
    .join_from(Session.__table__, User.__table__, _user.id == _session.user_id)
    .where(_user.active, *_NOT_ENDED)
)
_BY_TOKEN = _user.active, _IN_TIME, _session.token_hash == bindparam("hash"), _session.ticket_id.is_(None)
_WHY = select(_IN_USE, _IS_STRONG).join_from(Session.__table__, User.__table__, _user.id == _session.user_id)
_WHY = _WHY.where(*_BY_TOKEN)
_LACKING = select(Session).join(Session.user).where(*_BY_TOKEN, _IN_USE, not_(_IS_STRONG))
# A link opens its ticket alone: in the cookie of a sign-in its token is worth nothing.
_OF_THIS_KIND = _session.ticket_id.is_not_distinct_from(bindparam("link_to", type_=Integer))
_FOUND = _HOLDING.where(_session.token_hash == bindparam("hash"), _OF_THIS_KIND).with_only_columns(
    _session.id,
    _session.expires_at,
    _session.seen_at,
    _user.id,
    _user.name,
    _user.role,
    _user.narrowed,
    _session.ticket_id,
    *STANDING.selected_columns,
    maintain_column_froms=True,
)
_SAME = _user.role == bindparam("role"), _user.narrowed == bindparam("narrowed")
_HOLDS = _HOLDING.where(_session.id == bindparam("id"), *_SAME)
_LOCKED = _HOLDS.with_for_update(read=True)
_STANDING_WHILE_HELD = STANDING.add_columns(_HOLDS.scalar_subquery())
_ENTITIES = (
    select(Session, *STANDING.selected_columns)
    .join(Session.user)
    .where(_user.active, *_NOT_ENDED, _session.token_hash == bindparam("hash"), _OF_THIS_KIND)
    .options(contains_eager(Session.user))
)
_OF_THEM = *_NOT_ENDED, _session.user_id == bindparam("id")
_ALL_OF_ONE = select(Session.id).join(Session.user).where(*_OF_THEM)
_OF_ONE = select(Session).join(Session.user).where(*_OF_THEM, not_(_IS_LINK)).order_by(_session.seen_at.desc())
