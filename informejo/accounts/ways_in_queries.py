"""With what people can come in: a password where one is taken, a passkey, an account at a provider that there is."""

from flask import current_app
from sqlalchemy import ColumnElement, or_, select

from informejo import db
from informejo.accounts.models import User
from informejo.factors.models import Passkey
from informejo.factors.passkey_queries import are_possible
from informejo.sso import providers
from informejo.sso.models import Identity


def comes_in(*but: Identity | Passkey) -> ColumnElement[bool]:
    """Whether a person has some way in, as a condition; `but` do not count, as if they were gone."""
    config = current_app.config
    known = [provider.issuer for provider in providers.of(config)]
    identities = select(Identity.user_id).where(Identity.issuer.in_(known), _others(Identity, but))
    ways = [User.id.in_(identities)]
    ways += [User.id.in_(select(Passkey.user_id).where(_others(Passkey, but)))] if are_possible() else []
    ways += [User.password_hash.is_not(None)] if providers.leave_passwords(config) else []
    return or_(*ways)


def comes_in_without(user: User, *but: Identity | Passkey) -> bool:
    """Whether this person has another way in than these."""
    return db.session.scalar(select(User.id).where(User.id == user.id, comes_in(*but))) is not None


def left_without_factors(user: User) -> str:
    """With what this person comes in once all second factors and passkeys are gone, in words; empty with nothing."""
    config = current_app.config
    known = [provider.issuer for provider in providers.of(config)]
    provided = select(Identity.id).where(Identity.user_id == user.id, Identity.issuer.in_(known))
    ways = ["the password"] if user.password_hash and providers.leave_passwords(config) else []
    ways += ["single sign-on"] if db.session.scalar(select(provided.exists())) else []
    return " or ".join(ways)


def _others(kind: type, but: tuple[Identity | Passkey, ...]) -> ColumnElement[bool]:
    return kind.id.not_in([one.id for one in but if isinstance(one, kind)])
