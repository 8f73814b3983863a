"""Reading how one person comes in."""

from datetime import datetime

from sqlalchemy import select

from informejo import db
from informejo.accounts.models import User
from informejo.audit.models import Access, AccessKind
from informejo.sso.models import Identity


def last_sign_in_of(user: User) -> datetime | None:
    """When they signed in last, as long as that is kept."""
    signed = Access.user_id == user.id, Access.kind == AccessKind.SIGNED_IN
    return db.session.scalar(select(Access.at).where(*signed).order_by(Access.id.desc()).limit(1))


def identities_of(user: User) -> list[Identity]:
    """Their accounts at providers of single sign-on."""
    return list(db.session.scalars(select(Identity).where(Identity.user_id == user.id).order_by(Identity.id)))
