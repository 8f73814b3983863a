"""One's own address: showing that it is one's own, and changing it. Neither happens before its mailbox has spoken."""

import secrets
from datetime import timedelta

from sqlalchemy import delete
from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.actions import Taken
from informejo.accounts.address_queries import address_link, offered_address
from informejo.accounts.giving_actions import leave_address
from informejo.accounts.models import AddressToken, PasswordToken, User
from informejo.accounts.queries import fingerprint, user_by_email
from informejo.accounts.rights_actions import hold_rights
from informejo.accounts.session_actions import end_links
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.mail.actions import queue
from informejo.mail.words import Kind

LASTS = timedelta(hours=24)


def offer_address(actor: User, email: str, by: User | None = None):
    """Have a link mailed to that address, with which the actor shows that they read it: their own, or one to come.

    `by` says who else gave it for them. Whose it is by now nobody learns here.
    """
    db.lock(actor)
    db.session.execute(delete(AddressToken).where(AddressToken.user_id == actor.id))
    nobody_has_it = fingerprint(secrets.token_urlsafe(32))  # whoever sends the mail makes one that stands in it alone
    offered = {"user_id": actor.id, "email": email, "expires_at": clock.now() + LASTS}
    db.session.add(AddressToken(token_hash=nobody_has_it, **offered))
    log.record(EventName.ADDRESS_OFFERED, by or actor, audience=Audience.STAFF, user=actor)


def make_address_link(user: User, email: str) -> str:
    """A new token for that address, which this person gave last. Raises UnprocessableEntity when it is not any more."""
    offered = offered_address(user)
    if offered is None or offered.email != email:
        raise UnprocessableEntity("They gave another address since, or it is confirmed.")
    token = secrets.token_urlsafe(32)
    offered.token_hash, offered.expires_at = fingerprint(token), clock.now() + LASTS
    return token


def take_address(actor: User, token: str) -> bool:
    """Make the address of that link the actor's own, confirmed; False when the link is void.

    Sign-ins go on; links that were mailed to the earlier address, to choose a password and to tickets, are void, and
    that address is told. Raises Taken when somebody else has the new one.
    """
    db.lock(actor)
    offered = address_link(actor, token)
    if offered is None:
        return False
    moves = offered.email != actor.email
    if moves and user_by_email(offered.email) is not None:  # also where it was that of an account merged into this one
        raise Taken
    db.session.delete(offered)
    if moves:
        _move(actor, actor, offered.email)
    actor.confirmed_at = clock.now()
    _record(actor, actor)
    return True


def change_address(actor: User, user: User, email: str) -> Event | None:
    """Give somebody else another address, from now on: they may not get at the mailbox of the old one any more.

    Both are mailed: the old one that it is so, the new one a link with which its owner shows that they read it. Until
    then mails to it hold no texts. Raises Taken.
    """
    hold_rights(actor, user)
    if email == user.email:
        return None
    if user_by_email(email) is not None:
        raise Taken
    _move(actor, user, email)
    user.confirmed_at, user.vouched_for = None, True
    offer_address(user, email, by=actor)
    return _record(actor, user)


def _move(actor: User, user: User, email: str):
    queue(Kind.MOVED, user.email, user=user)
    db.session.execute(delete(PasswordToken).where(PasswordToken.user_id == user.id))
    end_links(actor, user)
    leave_address(user, email)


def _record(actor: User, user: User) -> Event:
    changes = {"address": [None, None]}  # that it changed belongs into the log, what it was does not
    return log.record(EventName.USER_UPDATED, actor, audience=Audience.STAFF, user=user, changes=changes)
