"""Everything that changes people and their sign-ins. Each action changes rows and records; the door commits."""

import secrets
from contextlib import suppress
from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, delete, or_, select, update
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound, UnprocessableEntity

from informejo import clock, db, limits, turns
from informejo.accounts import queries, sign_ins
from informejo.accounts.admin_queries import able_admins
from informejo.accounts.half_actions import end_halves
from informejo.accounts.models import STAFF, PasswordToken, Role, Session, SetupToken, User
from informejo.accounts.passwords import hash_password, verify
from informejo.accounts.queries import fingerprint
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.offload import offload
from informejo.policy import require
from informejo.teams.actions import keep_in_step
from informejo.teams.models import Team
from informejo.text import clean_line
from informejo.tickets.batch_actions import hold_tickets_of, pass_on
from informejo.tickets.confiding_actions import entrust

MARK_EVERY = timedelta(minutes=5)  # how exactly a session knows when it was last used, at worst


class Taken(Exception):
    """Somebody has this address already."""


def register(*, email: str, name: str, department: str, password: str) -> User | None:
    """Make an account that nobody has to confirm first. None when the address is known, which stays as it is."""
    hashed = offload(hash_password, password)
    return add_person(None, email=email, name=name, department=department, password_hash=hashed)


def join(*, email: str, name: str, department: str):
    """Have a link with which they choose a password mailed to that address: of a guest, a new one if it is unknown.

    Nobody learns here who has an account: nothing is returned, and nothing is raised.
    """
    user = queries.user_by_email(email) or add_person(
        None, email=email, name=name, department=department, role=Role.GUEST
    )
    if user and user.active:
        _record(EventName.PASSWORD_FORGOTTEN, None, user, {"joining": [None, None]})


def guest_for(actor: User, email: str, name: str | None) -> User:
    """The person with that address; a new guest where there is none. For staff who write down what others say."""
    require(actor, "ticket.open_for")
    email = email.lower()
    new = {"email": email, "name": name or email.partition("@")[0], "role": Role.GUEST}
    return queries.user_by_email(email) or add_person(actor, **new) or queries.user_by_email(email)


def guest_who_wrote(email: str, name: str) -> User:
    """The person with that address; a new guest where there is none, under the name they gave themselves, if it is one.

    An account that is there keeps its own: anybody can write any name into a mail. An address is no name: it could be
    somebody else's, whom they would pass for.
    """
    email, name = email.lower(), clean_line(name)[: limits.NAME.most].strip()
    if len(name) < limits.NAME.least or "@" in name:
        name = email.partition("@")[0][: limits.NAME.most]
    known = queries.user_by_email(email)
    return known or add_person(None, email=email, name=name, role=Role.GUEST) or queries.user_by_email(email)


def add_person(actor: User | None, **fields) -> User | None:
    """A new person, on the actor's behalf or their own; None when the address is known, even since a moment ago."""
    user = User(**fields)
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        return None
    _record(EventName.USER_CREATED, actor or user, user, {})
    return user


def change_fields(actor: User, user: User, name: EventName, fields: dict, beside: dict | None = None) -> Event | None:
    """Set what is different and record it, with what else went with it; None when all was so already."""
    changes = {field: [getattr(user, field), new] for field, new in fields.items() if getattr(user, field) != new}
    for field, (_, new) in changes.items():
        setattr(user, field, new)
    return _record(name, actor, user, changes | (beside or {})) if changes else None


def add_account(**fields) -> User | None:
    """A new person, on their own behalf; None when the address is known, even since a moment ago."""
    return add_person(None, **fields)


def create_admin(*, email: str, name: str, password: str) -> User:
    """Make an administrator; for the command line. Raises Taken."""
    return _add_admin(email, name, offload(hash_password, password))


def renew_setup() -> str | None:
    """A new one-time token for the set-up link, all earlier ones void; None once there is an administrator."""
    if queries.has_admin():
        return None
    db.session.execute(delete(SetupToken))
    token = secrets.token_urlsafe(32)
    db.session.add(SetupToken(token_hash=fingerprint(token)))
    return token


def set_up(token: str, *, email: str, name: str, password: str) -> User | None:
    """Make the first administrator; None when the token is void. Raises Taken."""
    hashed = offload(hash_password, password)
    with db.session.begin_nested():
        # Of two requests with the same token only one deletes the row; the other finds none.
        claimed = db.session.execute(delete(SetupToken).where(SetupToken.token_hash == fingerprint(token))).rowcount
        return _add_admin(email, name, hashed) if claimed and not queries.has_admin() else None


def sign_in(email: str, password: str) -> User | None:
    """The person who may come in; None, for whatever reason, the same way and after the same time."""
    user = queries.user_by_email(email)
    hashed = user.password_hash if user and user.active and user.role != Role.GUEST else None
    if not offload(verify, hashed, password):
        return None
    try:
        db.lock(user)
    except NotFound:
        return None
    # While the password was being checked, the account may have been closed or its password changed.
    return user if user.active and user.password_hash == hashed else None


def start_session(user: User, agent: str, before: Session | None = None, *, proved: bool = True, **came: str) -> str:
    """Sign this person in; returns the cookie's new value. The browser `agent`'s session `before` this one ends.

    `proved`: they have just shown who they are. `came`: `provider`, `sid` and `id_token` of single sign-on, and
    `factor`, who looked at their second factor.
    """
    if before:
        with suppress(NotFound):  # somebody ended it while the password was looked at
            sign_out(before)
    now, longest = clock.now(), timedelta(days=current_app.config["SESSION_DAYS"])
    db.session.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at < now - longest))
    lasts = (
        min(longest, timedelta(hours=current_app.config["ADMIN_SESSION_HOURS"])) if user.role == Role.ADMIN else longest
    )
    token = secrets.token_urlsafe(32)
    of_it = {"expires_at": now + lasts, "agent": agent, "proved_at": now if proved else None}
    db.session.add(Session(token_hash=fingerprint(token), user=user, **of_it, **came))
    return token


def prove(session: Session, factor: str = ""):
    """Remember that whoever uses this sign-in has just shown who they are, with a second `factor` or without."""
    db.lock(session)
    session.proved_at = clock.now()
    session.factor = factor or session.factor


def add_factor(session: Session):
    """Remember that whoever uses this sign-in has just shown a second factor that is new."""
    db.lock(session)
    session.factor = "own"


def is_password_of(user: User, password: str) -> bool:
    """Whether this is the password of somebody who is signed in."""
    return offload(verify, user.password_hash, password)


def sign_out(session: Session) -> str:
    """End this sign-in; returns a new value for the cookie, which signs nobody in.

    By it `queries.known_browser` tells this browser from strangers who try passwords, so that they cannot shut its
    owner out.
    Raises NotFound when the sign-in is gone already.
    """
    db.lock(session)
    token = secrets.token_urlsafe(32)
    session.token_hash, session.expires_at, session.id_token = fingerprint(token), clock.now(), ""
    _record_end(session.user, session)
    return token


def end_sessions(actor: User, user: User, but: Session | None = None):
    """End all of this person's sign-ins but that one, forget their browsers, and void links to choose a password.

    Their own, and those they made for others: what somebody may do ends with their sign-in, and so does what they gave.
    """
    db.lock(user)
    theirs = or_(PasswordToken.user_id == user.id, PasswordToken.made_by_id == user.id)
    db.session.execute(delete(PasswordToken).where(theirs))
    end_halves(user)
    _end(actor, user, *([Session.id != but.id] if but else []))


def end_links(actor: User, user: User):
    """End the links to tickets that were mailed to this person so far: others may read that mailbox by now."""
    _end(actor, user, Session.ticket_id.is_not(None))


def end_session(actor: User, id: int):
    """End one of the actor's own sign-ins, and forget its browser. Raises NotFound."""
    session = next((one for one in sign_ins.sessions_of(actor) if one.id == id), None)
    if session is None:
        raise NotFound
    db.lock(session)
    _record_end(actor, session)
    db.session.delete(session)


def mark_used(session: Session) -> bool:
    """Remember that the session is in use; False when that was done a moment ago, as its idle time goes."""
    if clock.now() - session.seen_at < min(MARK_EVERY, sign_ins.idle_time(session.user.role) / 10):
        return False
    db.session.execute(update(Session).where(Session.id == session.id).values(seen_at=clock.now()))
    return True


def edit_profile(actor: User, **fields: str):
    """Change one's own `name`, `department`, `theme`, `shortcuts` or `time_zone`."""
    db.lock(actor)
    change_fields(actor, actor, EventName.USER_UPDATED, fields)


def change_password(actor: User, *, current: str, new: str) -> bool:
    """Give oneself a new password and end all own sign-ins. False when the current one is wrong."""
    known = actor.password_hash
    if not offload(verify, known, current):
        return False
    hashed = offload(hash_password, new)
    db.lock(actor)
    if actor.password_hash != known:
        return False  # it was changed while this one was being hashed
    actor.password_hash = hashed
    # That it changed belongs into the log, what it was does not.
    _record(EventName.USER_UPDATED, actor, actor, {"password": [None, None]})
    end_sessions(actor, actor)
    return True


def set_role(
    actor: User, user: User, role: Role, to: User | Team | None = None, *, known: bool = False
) -> Event | None:
    """Make somebody requester, agent or administrator. They have to sign in again: rights never outlive a sign-in.

    The unsolved tickets of an agent who becomes a requester go to `to`, or to nobody. Whoever becomes one of the staff
    and has not shown that the address is theirs loses every way in, unless the actor says that the account is `known`
    to be theirs: somebody else may have made it, with a password of their own, before they came.
    Returns the event of it, None when the role was so already.
    """
    hold_rights(actor, user, to)
    if role == Role.GUEST:
        raise UnprocessableEntity("Nobody can be made a guest: that is who is known by an address only.")
    if role != Role.ADMIN:
        require_another_admin(user)
    joins = role in STAFF and not user.is_staff
    voided = joins and user.confirmed_at is None and not known and void_ways_in(user)
    beside = {"password": [None, None]} if voided else {}  # what it was belongs into no log
    return _change_rights(actor, user, to, EventName.USER_UPDATED, {"role": role}, beside)


def take_role(user: User, role: Role):
    """Have somebody the role that their provider says they have. Where it is another, all their sign-ins end."""
    db.lock(user)
    _change_rights(user, user, None, EventName.USER_UPDATED, {"role": role})


def set_active(actor: User, user: User, active: bool, to: User | Team | None = None) -> Event | None:
    """Shut somebody out at once, or let them in again. Their unsolved tickets go to `to`, or to nobody.

    Returns the event of it, None when it was so already.
    """
    hold_rights(actor, user, to)
    if active and user.is_gone:
        raise UnprocessableEntity(f"{user.name} cannot be let in again: this account was merged or erased for good.")
    if not active:
        require_another_admin(user)
    name = EventName.USER_REACTIVATED if active else EventName.USER_DEACTIVATED
    return _change_rights(actor, user, to, name, {"active": active})


def leave(actor: User, user: User):
    """Shut somebody out who goes for good, by their own will or another's. Call `hold_rights` before."""
    _change_rights(actor, user, None, EventName.USER_DEACTIVATED, {"active": False})


def hold_rights(actor: User, user: User, to: User | Team | None = None, what: str = "user.change"):
    """Lock everybody whom a change of this person's rights hangs on, and require that the actor may change them.

    Two administrators who shut each other out at the same time: whoever is second is none any more, and is refused.
    With an administrator all others are locked too, in one order, so that of several who go only one can be the last.
    Whoever gets tickets must stay at the desk until they have them.
    """
    others = able_admins() if user.role == Role.ADMIN else []
    db.lock_all(actor, user, to if isinstance(to, User) else None, *others)
    require(actor, what, user)


def require_another_admin(user: User):
    """Raise UnprocessableEntity if this person is the last administrator who can come in. Call `hold_rights` before."""
    is_one = user.role == Role.ADMIN and user.active
    if is_one and not any(admin is not user for admin in able_admins()):
        raise UnprocessableEntity(
            f"{user.name} is the last administrator who can sign in. Make somebody else one first."
        )


def _change_rights(
    actor: User, user: User, to: User | Team | None, name: EventName, fields: dict, beside: dict | None = None
) -> Event | None:
    after = {"role": user.role, "active": user.active} | fields
    leaves = user.is_at_the_desk and not (after["active"] and after["role"] in STAFF)
    tickets = hold_tickets_of(actor, user, to, leaves=True) if leaves else []
    given = {"tickets": [len(tickets), to and to.name]} if tickets else {}
    event = change_fields(actor, user, name, fields, given | (beside or {}))
    if event is not None:
        if leaves:
            entrust(actor, user, to, but=tickets if isinstance(to, User) else ())
        pass_on(actor, tickets, to, batch=event)
        if name != EventName.USER_REACTIVATED:
            end_sessions(actor, user)
        keep_in_step(actor, [user])
    return event


def _add_admin(email: str, name: str, hashed: str) -> User:
    user = add_person(None, email=email, name=name, password_hash=hashed, role=Role.ADMIN)
    if user is None:
        raise Taken
    return user


def _end(actor: User, user: User, *which: ColumnElement[bool]):
    live = sign_ins.holding_of(user)
    for session in turns.in_turns(db.session.scalars(select(Session).where(Session.user_id == user.id, *which)).all()):
        if session.id in live:
            _record_end(actor, session)
        db.session.delete(session)


def _record_end(actor: User, session: Session):
    _record(EventName.SESSION_ENDED, actor, session.user, {"session": [session.id, None]})


def _record(name: EventName, actor: User | None, user: User, changes: dict) -> Event:
    return log.record(name, actor, audience=Audience.STAFF, user=user, changes=changes)
