"""Who came in and who was refused: what is no change of anything, and so stands in no event."""

from datetime import datetime
from enum import StrEnum

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment, words
from informejo.ids import next_id


class AccessKind(StrEnum):
    """What can happen at the door. That a sign-in ended stands in the log, as an event."""

    SIGNED_IN = "signed-in"
    SIGN_IN_FAILED = "sign-in-failed"
    SIGNED_OUT = "signed-out"
    SESSION_ENDED = "session-ended"
    REFUSED = "refused"
    TOO_MANY = "too-many"
    LINK_USED = "link-used"
    CODE_FAILED = "code-failed"
    SSO_REFUSED = "sso-refused"
    FACTOR_FAILED = "factor-failed"


class Access(Model):
    """One sign-in, a failed one, or a refusal. Rows are only ever added; their ids stand among those of events."""

    __tablename__ = "accesses"
    __table_args__ = (
        Index("ix_accesses_user", "user_id", "id"),
        Index("ix_accesses_kind", "kind", "id"),
        Index("ix_accesses_origin", "origin", "id"),
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    kind: Mapped[AccessKind] = words(AccessKind)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    who: Mapped[str] = mapped_column(default="")  # the address that was typed, where it is nobody's
    origin: Mapped[str] = mapped_column(default="")  # the network address
    agent: Mapped[str] = mapped_column(default="")  # the browser, in words
    said: Mapped[str] = mapped_column(default="")  # what else there is to know, as a sentence

    user: Mapped[User | None] = relationship()
