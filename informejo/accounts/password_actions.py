"""The one-time link with which somebody chooses a password: given by an administrator, or mailed to who forgot it."""

import secrets
from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy import delete, select
from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.actions import require_there
from informejo.accounts.models import PasswordToken, Role, User
from informejo.accounts.passwords import hash_password
from informejo.accounts.queries import fingerprint, lacks_password, password_link, user_by_email
from informejo.accounts.session_actions import end_sessions
from informejo.accounts.ways_in_actions import void_ways_in
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.offload import offload
from informejo.policy import may, require

LASTS, FORGOTTEN_LASTS = timedelta(hours=24), timedelta(hours=1)
SIGNED_IN = {"signed_in": [None, None]}  # of a link: whoever asked for it was signed in as its owner


def make_password_link(actor: User, user: User, mailed: bool = False) -> str:
    """A new one-time token with which this person chooses a password; an earlier one is void.

    Whoever uses one that was `mailed` alone has shown that the address is theirs. Raises UnprocessableEntity for an
    account that was merged or erased.
    """
    db.lock_all(actor, user)
    require(actor, "user.change", user)
    require_there(user)
    return _make_link(actor, user, LASTS, mailed)


def make_own_link(user: User, mailed: bool = True) -> str:
    """The same as their own: one that they asked for and are mailed, or one that whoever runs the desk prints."""
    db.lock(user)
    return _make_link(None, user, FORGOTTEN_LASTS if mailed else LASTS, mailed)


def forget_password(email: str):
    """Have a link to choose another password mailed to that address, if it is somebody's.

    Whether it is nobody learns here: nothing is returned, and nothing is raised.
    """
    user = user_by_email(email)
    if user and user.active:
        log.record(EventName.PASSWORD_FORGOTTEN, None, audience=Audience.STAFF, user=user)


def ask_to_choose(actor: User):
    """Have a link mailed to somebody who has no password, and chooses one to show with it that it is them.

    Raises UnprocessableEntity where they have one, and where nobody has shown that the address is theirs.
    """
    db.lock(actor)
    if not lacks_password(actor):
        raise UnprocessableEntity("No link is mailed: you have a password, or your address is not confirmed.")
    log.record(EventName.PASSWORD_FORGOTTEN, actor, audience=Audience.STAFF, user=actor, changes=SIGNED_IN)


def offer_password(actor: User, user: User):
    """Have a link with which this person chooses a password mailed to them: whoever sends the mail makes it then."""
    db.lock_all(actor, user)
    require(actor, "user.change", user)
    require_there(user)
    if not user.active:
        raise UnprocessableEntity(f"{user.name} is deactivated; reactivate them first. No link is mailed.")
    log.record(EventName.PASSWORD_OFFERED, actor, audience=Audience.STAFF, user=user)


def choose_password(token: str, *, password: str) -> User | None:
    """Give the link's owner this password and end all their sign-ins; None when the link is void.

    A guest is a requester from now on. Second factors stay, and are asked for: no link leads round them, but in an
    account that a stranger may have made.
    """
    hashed = offload(hash_password, password)
    link = password_link(token)
    if link is None or not _spend(link):
        return None
    user = link.user
    changes = {"password": [None, None]}  # that it changed belongs into the log, what it was does not
    if user.role == Role.GUEST:
        user.role = Role.USER
        changes["role"] = [Role.GUEST, Role.USER]
    if link.mailed and user.confirmed_at is None:
        if user.is_unproven and not user.vouched_for:
            void_ways_in(user)  # what was set up before may be a stranger's, and must not let one in again
        user.confirmed_at = clock.now()
        changes["address"] = [None, None]
    user.password_hash = hashed
    _record(user, user, changes)
    end_sessions(user, user)
    return user


def void_links(tokens: Iterable[str]) -> bool:
    """Void the links with these tokens, which others than their owners may have read; whether there were any."""
    hashes = [fingerprint(token) for token in tokens]
    links = db.session.scalars(select(PasswordToken).where(PasswordToken.token_hash.in_(hashes))).all()
    for link in links:
        _record(None, link.user, {"password_link": [None, None]})
        db.session.delete(link)
    return bool(links)


def _spend(link: PasswordToken) -> bool:
    """Use the link up, if it still holds: whoever made it was an administrator when it was looked up."""
    db.lock_all(link.user, link.made_by)
    if not (link.user.active and (link.is_own or may(link.made_by, "user.change", link.user))):
        return False
    # Of two requests with the same token only one deletes the row; the other finds none.
    used = delete(PasswordToken).where(PasswordToken.token_hash == link.token_hash)
    return bool(db.session.execute(used).rowcount)


def _make_link(actor: User | None, user: User, lasts: timedelta, mailed: bool) -> str:
    if not user.active:
        raise UnprocessableEntity(f"{user.name} is deactivated; reactivate them first. No link was made.")
    db.session.execute(delete(PasswordToken).where(PasswordToken.user_id == user.id))
    token = secrets.token_urlsafe(32)
    link = {"token_hash": fingerprint(token), "user": user, "made_by": actor or user}
    db.session.add(PasswordToken(**link, expires_at=clock.now() + lasts, mailed=mailed))
    _record(actor, user, {"password_link": [None, None]})
    return token


def _record(actor: User | None, user: User, changes: dict):
    log.record(EventName.USER_UPDATED, actor, audience=Audience.STAFF, user=user, changes=changes)
