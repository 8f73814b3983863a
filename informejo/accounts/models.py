"""People and their sign-ins."""

from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from sqlalchemy import ForeignKey, false
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.db import Model, Moment, words
from informejo.folding import Folded


class Role(StrEnum):
    """What a person is to the desk; `agent` and `admin` together are the staff."""

    GUEST = "guest"  # known by an address only: no password, no sign-in
    USER = "user"
    AGENT = "agent"
    ADMIN = "admin"

    @property
    def word(self) -> str:
        return {"guest": "Guest", "user": "Requester", "agent": "Agent", "admin": "Administrator"}[self]


STAFF = (Role.AGENT, Role.ADMIN)
THEMES = ("system", "light", "dark")


class Badge(NamedTuple):
    """A person in words and numbers: see `User.badge`."""

    id: int
    name: str
    email: str
    initials: str
    is_staff: bool
    shortcuts: str


class User(Folded, Model):
    """A person: requester, member of the staff, or both."""

    __tablename__ = "users"
    SAID = ("name", "email", "department")

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # lower-case: addresses compare without case
    name: Mapped[str]
    department: Mapped[str] = mapped_column(default="")
    role: Mapped[Role] = words(Role, default=Role.USER, index=True)
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(default="system")
    shortcuts: Mapped[str] = mapped_column(default="on")  # single keys; WCAG 2.1.4 wants them to be switched off
    time_zone: Mapped[str] = mapped_column(default="")  # IANA name; empty: the browser's
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)  # when it was shown that the address is theirs

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF

    @property
    def is_at_the_desk(self) -> bool:
        """Whether tickets can be with this person: staff, and not shut out."""
        return self.is_staff and self.active

    @property
    def role_word(self) -> str:
        """What stands beside the name in a conversation."""
        return "Support" if self.is_staff else ""

    @property
    def badge(self) -> "Badge":
        """What the frame of each page says of its reader, as plain values."""
        return Badge(self.id, self.name, self.email, self.initials, self.is_staff, self.shortcuts)

    @property
    def initials(self) -> str:
        first, *rest = self.name.split() or ["?"]
        return (first[:1] + (rest[-1][:1] if rest else "")).upper()


class Session(Model):
    """One sign-in. The cookie holds a random token, this row only its hash, with which nobody can sign in."""

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}  # an id that came back would end a stranger's streams

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    agent: Mapped[str] = mapped_column(default="")  # the browser's own description of itself, shortened

    user: Mapped[User] = relationship()


class PasswordToken(Model):
    """The one-time link with which one person chooses a password; only its hash is kept, and only the newest."""

    __tablename__ = "password_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    made_by_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    mailed: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # it stood in a mail alone, and on nobody's page

    user: Mapped[User] = relationship(foreign_keys=user_id)
    made_by: Mapped[User] = relationship(foreign_keys=made_by_id)


class SetupToken(Model):
    """The one-time link that makes the first administrator; only its hash is kept."""

    __tablename__ = "setup_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
