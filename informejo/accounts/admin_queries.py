"""Who of the administrators can come in: one of them always stays."""

from sqlalchemy import select

from informejo import db
from informejo.accounts.models import Role, User
from informejo.accounts.ways_in_queries import comes_in


def able_admins() -> list[User]:
    """The active administrators who have some way in, by id."""
    admins = select(User).where(User.role == Role.ADMIN, User.active, comes_in())
    return list(db.session.scalars(admins.order_by(User.id)))
