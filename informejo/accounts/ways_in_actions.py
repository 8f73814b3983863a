"""Everything with which somebody comes in, taken away at once: for accounts of which nobody knows whose they are."""

from sqlalchemy import delete, or_

from informejo import db
from informejo.accounts.models import AddressToken, HalfSignIn, PasswordToken, User
from informejo.factors.models import Authenticator, Passkey, RecoveryCode
from informejo.sso.models import Identity

WAYS_IN = (Identity, Passkey, Authenticator, RecoveryCode, AddressToken, HalfSignIn)


def void_ways_in(user: User, but: tuple[type, ...] = ()) -> bool:
    """Take password, second factors, single sign-on and links from this person; whether they had any.

    Their sign-ins end with `end_sessions`. `but` are tables of ways in that stay.
    """
    links = or_(PasswordToken.user_id == user.id, PasswordToken.made_by_id == user.id)
    gone = [delete(PasswordToken).where(links)]
    gone += [delete(way).where(way.user_id == user.id) for way in WAYS_IN if way not in but]
    had = user.password_hash is not None
    user.password_hash = None
    return sum(db.session.execute(statement).rowcount for statement in gone) > 0 or had
