"""Single sign-on: which account of a provider is which person here."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment
from informejo.ids import next_id


class UsedToken(Model):
    """What a provider signed to sign somebody out, and the sign-ins there that ended by it: kept while they matter."""

    __tablename__ = "used_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)


class Identity(Model):
    """An account at a provider, bound by issuer and subject (OpenID Connect Core, 5.7), never by an address."""

    __tablename__ = "identities"
    __table_args__ = (UniqueConstraint("issuer", "subject"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    issuer: Mapped[str]
    subject: Mapped[str]
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    claims: Mapped[dict] = mapped_column(JSON, default=dict)  # of the last sign-in, as far as roles hang on them
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)

    user: Mapped[User] = relationship()
