"""Sign-ins and one-time links that have had their time."""

from datetime import timedelta

from flask import current_app
from sqlalchemy import Select, delete, false, or_, select

from informejo import clock, db
from informejo.accounts import queries
from informejo.accounts.models import AddressToken, Count, HalfSignIn, PasswordToken, Session, SetupToken
from informejo.sso.models import UsedToken

COUNTED = timedelta(days=1)  # the longest for which a rate counts something
REMEMBERED = timedelta(days=365)  # and for which a failure stands in a row
FAILURES = ("failure in a row", "failure, whoever came in since")  # as in `counting`, which no action knows


def old_sessions() -> Select:
    """The ids of sign-ins that ended SESSION_DAYS ago; until then the browser is still told apart from strangers.

    And of links to tickets, as soon as they have had their time.
    """
    long_ago = clock.now() - timedelta(days=current_app.config["SESSION_DAYS"])
    link = Session.ticket_id.is_not(None)
    return select(Session.id).where(or_(Session.expires_at < long_ago, link & (Session.expires_at < clock.now())))


def void_setup_tokens() -> Select:
    """The links that make the first administrator, once there is one."""
    tokens = select(SetupToken.token_hash)
    return tokens if queries.has_admin() else tokens.where(false())


def old_password_tokens() -> Select:
    """The links to choose a password that nobody used in time."""
    return select(PasswordToken.token_hash).where(PasswordToken.expires_at <= clock.now())


def old_counts() -> Select:
    """What was counted so long ago that no limit asks for it."""
    now = clock.now()
    return select(Count.id).where(
        Count.at < now - COUNTED, or_(Count.what.not_in(FAILURES), Count.at < now - REMEMBERED)
    )


def old_address_tokens() -> Select:
    """The links to confirm an address that nobody used in time."""
    return select(AddressToken.token_hash).where(AddressToken.expires_at <= clock.now())


def old_halves() -> Select:
    """Sign-ins that nobody finished in time, with the texts and what a provider told that they carry."""
    return select(HalfSignIn.token_hash).where(HalfSignIn.expires_at <= clock.now())


def old_used_tokens() -> Select:
    """What a provider signed, and is too old by now to be used again."""
    return select(UsedToken.token_hash).where(UsedToken.expires_at <= clock.now())


def forget_sessions(most: int) -> int:
    """Remove at most that many old sign-ins and return how many."""
    ids = db.session.scalars(old_sessions().limit(most)).all()
    return len(ids) and db.session.execute(delete(Session).where(Session.id.in_(ids))).rowcount


def forget_setup_tokens(most: int) -> int:
    """Remove at most that many void links and return how many."""
    return _forget_tokens(SetupToken, void_setup_tokens(), most)


def forget_password_tokens(most: int) -> int:
    """Remove at most that many void links and return how many."""
    return _forget_tokens(PasswordToken, old_password_tokens(), most)


def forget_address_tokens(most: int) -> int:
    """Remove at most that many void links and return how many."""
    return _forget_tokens(AddressToken, old_address_tokens(), most)


def forget_halves(most: int) -> int:
    """Remove at most that many and return how many."""
    return _forget_tokens(HalfSignIn, old_halves(), most)


def forget_used_tokens(most: int) -> int:
    """Remove at most that many and return how many."""
    return _forget_tokens(UsedToken, old_used_tokens(), most)


def forget_counts(most: int) -> int:
    """Remove at most that many and return how many."""
    ids = db.session.scalars(old_counts().limit(most)).all()
    return len(ids) and db.session.execute(delete(Count).where(Count.id.in_(ids))).rowcount


def _forget_tokens(model: type, void: Select, most: int) -> int:
    hashes = db.session.scalars(void.limit(most)).all()
    return len(hashes) and db.session.execute(delete(model).where(model.token_hash.in_(hashes))).rowcount
