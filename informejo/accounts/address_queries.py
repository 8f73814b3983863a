"""Reading which address somebody gave for themselves."""

from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import AddressToken, User
from informejo.accounts.queries import fingerprint
from informejo.events.models import Event
from informejo.events.names import EventName


def offered_address(user: User) -> AddressToken | None:
    """The address that this person gave and has not confirmed yet, their own or another."""
    return db.session.scalar(_waiting(user))


def address_link(user: User, token: str) -> AddressToken | None:
    """The same, if that is the token of the link to it."""
    return db.session.scalar(_waiting(user).where(AddressToken.token_hash == fingerprint(token)))


def is_vouched_for(user: User) -> bool:
    """Whether somebody at the desk made this account, or gave it its address or a role: then it is no stranger's."""
    by_others = select(Event).where(Event.user_id == user.id, Event.actor_id != user.id)
    said = db.session.scalars(by_others.where(Event.name.in_((EventName.USER_CREATED, EventName.USER_UPDATED))))
    return any(event.name == EventName.USER_CREATED or {"address", "role"} & event.changes.keys() for event in said)


def _waiting(user: User):
    return select(AddressToken).where(AddressToken.user_id == user.id, AddressToken.expires_at > clock.now())
