"""Who of the administrators can come in: one of them always stays."""

from sqlalchemy import or_, select

from informejo import db
from informejo.accounts.models import Role, User
from informejo.factors.models import Passkey
from informejo.sso.models import Identity


def able_admins() -> list[User]:
    """The active administrators who have some way in, by id."""
    ways = User.id.in_(select(Passkey.user_id)), User.id.in_(select(Identity.user_id))
    admins = select(User).where(User.role == Role.ADMIN, User.active, or_(User.password_hash.is_not(None), *ways))
    return list(db.session.scalars(admins.order_by(User.id)))
