"""Reading which address somebody gave for themselves."""

from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import AddressToken, User
from informejo.accounts.queries import fingerprint


def offered_address(user: User) -> AddressToken | None:
    """The address that this person gave and has not confirmed yet, their own or another."""
    return db.session.scalar(_waiting(user))


def address_link(user: User, token: str) -> AddressToken | None:
    """The same, if that is the token of the link to it."""
    return db.session.scalar(_waiting(user).where(AddressToken.token_hash == fingerprint(token)))


def _waiting(user: User):
    return select(AddressToken).where(AddressToken.user_id == user.id, AddressToken.expires_at > clock.now())
