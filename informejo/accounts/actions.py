"""Everything that changes people and their sign-ins. Each action changes rows and records; the door commits."""

import secrets

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound, UnprocessableEntity

from informejo import db, limits
from informejo.accounts import queries
from informejo.accounts.models import Role, SetupToken, User
from informejo.accounts.passwords import hash_password, verify
from informejo.accounts.queries import fingerprint
from informejo.accounts.session_actions import end_sessions
from informejo.addresses import one_spelling
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.offload import offload
from informejo.policy import require
from informejo.text import clean_line, is_name


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
    email = one_spelling(email)
    new = {"email": email, "name": name or _named_after(email), "role": Role.GUEST}
    return queries.user_by_email(email) or add_person(actor, **new) or queries.user_by_email(email)


def guest_who_wrote(email: str, name: str) -> User:
    """The person with that address; a new guest where there is none, under the name they gave themselves, if it is one.

    An account that is there keeps its own: anybody can write any name into a mail.
    """
    email, name = one_spelling(email), clean_line(name)[: limits.NAME.most].strip()
    if not is_name(name):
        name = _named_after(email)
    known = queries.user_by_email(email)
    return known or add_person(None, email=email, name=name, role=Role.GUEST) or queries.user_by_email(email)


def _named_after(email: str) -> str:
    return email.partition("@")[0][: limits.NAME.most]


def add_person(actor: User | None, **fields) -> User | None:
    """A new person, on the actor's behalf or their own; None when the address is known, even since a moment ago."""
    user = User(**fields, vouched_for=actor is not None)
    try:
        with db.session.begin_nested():
            db.session.add(user)
    except IntegrityError:
        return None
    _record(EventName.USER_CREATED, actor or user, user, {})
    return user


def require_there(user: User):
    """Raise UnprocessableEntity where an account that was merged or erased is to be changed, or given a way in."""
    if user.is_gone:
        raise UnprocessableEntity(f"{user.name} was merged or erased for good: there is nothing to change any more.")


def change_fields(actor: User, user: User, name: EventName, fields: dict, beside: dict | None = None) -> Event | None:
    """Set what is different and record it, with what else went with it; None when all was so already."""
    changes = {field: [getattr(user, field), new] for field, new in fields.items() if getattr(user, field) != new}
    for field, (_, new) in changes.items():
        setattr(user, field, new)
    if "role" in changes and actor is not user:
        user.vouched_for = True
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


def is_password_of(user: User, password: str) -> bool:
    """Whether this is the password of somebody who is signed in."""
    return offload(verify, user.password_hash, password)


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


def _add_admin(email: str, name: str, hashed: str) -> User:
    user = add_person(None, email=email, name=name, password_hash=hashed, role=Role.ADMIN)
    if user is None:
        raise Taken
    return user


def _record(name: EventName, actor: User | None, user: User, changes: dict) -> Event:
    return log.record(name, actor, audience=Audience.STAFF, user=user, changes=changes)
