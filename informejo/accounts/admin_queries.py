"""Who of the administrators can come in: one of them always stays."""

from flask import current_app
from sqlalchemy import or_, select

from informejo import db
from informejo.accounts.models import Role, User
from informejo.factors.models import Passkey
from informejo.sso import providers
from informejo.sso.models import Identity


def able_admins() -> list[User]:
    """The active administrators who have some way in, by id."""
    config = current_app.config
    known = [provider.issuer for provider in providers.of(config)]
    linked = select(Identity.user_id).where(Identity.issuer.in_(known))
    ways = [User.id.in_(select(Passkey.user_id)), User.id.in_(linked)]
    ways += [User.password_hash.is_not(None)] if providers.leave_passwords(config) else []
    admins = select(User).where(User.role == Role.ADMIN, User.active, or_(*ways))
    return list(db.session.scalars(admins.order_by(User.id)))
