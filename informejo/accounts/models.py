"""People and their sign-ins."""

import secrets
from datetime import datetime
from enum import StrEnum
from typing import ClassVar, NamedTuple

from sqlalchemy import JSON, ForeignKey, Index, false, literal_column, text
from sqlalchemy.ext.hybrid import hybrid_property
from sqlalchemy.orm import Mapped, mapped_column, relationship, validates

from informejo import clock
from informejo.addresses import one_spelling
from informejo.db import Model, Moment, words
from informejo.folding import Folded
from informejo.ids import next_id


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
DEMANDED = {"": (), "admins": (Role.ADMIN,), "staff": STAFF}  # of whom SECOND_FACTOR demands one, by what it says
EMPTY = literal_column("''")  # what columns of words hold in rows that were there before them
FORMER = "Former user"  # what whoever was erased is called
THEMES = ("system", "light", "dark")
_SHUT_OUT = {"sqlite_where": text("active = 0"), "postgresql_where": text("NOT active")}  # as each is asked for it


def nobodys_address() -> str:
    """For an account that has none any more: no mail can go there (RFC 2606), and nobody can have taken it before."""
    return f"former-user-{secrets.token_hex(8)}@erased.invalid"


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
    __table_args__ = (
        # The list of people, in its order, through each of its filters; and its tally.
        Index("ix_users_folded", "folded"),
        Index("ix_users_role_folded", "role", "folded"),
        Index("ix_users_shut_out", "folded", **_SHUT_OUT),
        Index("ix_users_role_active_folded", "role", "active", "folded"),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    email: Mapped[str] = mapped_column(unique=True)  # in its one spelling
    name: Mapped[str]
    department: Mapped[str] = mapped_column(default="")
    role: Mapped[Role] = words(Role, default=Role.USER)
    password_hash: Mapped[str | None]
    active: Mapped[bool] = mapped_column(default=True)
    theme: Mapped[str] = mapped_column(default="system")
    shortcuts: Mapped[str] = mapped_column(default="on")  # single keys; WCAG 2.1.4 wants them to be switched off
    time_zone: Mapped[str] = mapped_column(default="")  # IANA name; empty: the browser's
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    confirmed_at: Mapped[datetime | None] = mapped_column(Moment)  # when it was shown that the address is theirs
    # Of the staff, and sees the tickets of their teams and of none; kept in step with the teams they are in.
    narrowed: Mapped[bool] = mapped_column(default=False, server_default=false())
    # Somebody at the desk made this account, or gave it its address or a role: then it is no stranger's.
    vouched_for: Mapped[bool] = mapped_column(default=False, server_default=false())
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)  # they go on there
    erased_at: Mapped[datetime | None] = mapped_column(Moment)  # when name and address were taken out for good

    # The ticket of the link with which they came in, as whose requester they act, whatever else they are; set for one
    # request, on whoever it acts for. None for everybody who signed in.
    only: ClassVar[int | None] = None

    @validates("email")
    def _spell(self, _field: str, email: str) -> str:
        return one_spelling(email)

    @property
    def is_staff(self) -> bool:
        return self.role in STAFF and self.only is None

    @property
    def is_at_the_desk(self) -> bool:
        """Whether tickets can be with this person: staff, and not shut out."""
        return self.is_staff and self.active

    @property
    def is_gone(self) -> bool:
        """Whether nobody will ever come in with this account again: it was merged into another, or erased."""
        return self.merged_into_id is not None or self.erased_at is not None

    @property
    def is_unproven(self) -> bool:
        """Whether somebody made this account who has not shown that the address is theirs: it may be another's."""
        return self.role == Role.USER and self.confirmed_at is None

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
    """One sign-in. The cookie holds a random token, this row only its hash, with which nobody can sign in.

    With a ticket it is a link: a sign-in that was mailed, for one ticket of one person and nothing else.
    """

    __tablename__ = "sessions"
    __table_args__ = {"sqlite_autoincrement": True}  # an id that came back would end a stranger's streams

    id: Mapped[int] = mapped_column(primary_key=True)
    token_hash: Mapped[str] = mapped_column(unique=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    seen_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    expires_at: Mapped[datetime] = mapped_column(Moment)
    agent: Mapped[str] = mapped_column(default="")  # the browser's own description of itself, shortened
    # When a password, a second factor or a provider last said that it is them.
    proved_at: Mapped[datetime | None] = mapped_column(Moment)
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"), index=True)
    code_hash: Mapped[str | None] = mapped_column(index=True)  # of the access code that stands beside a link
    provider: Mapped[str] = mapped_column(default="", server_default=EMPTY)  # single sign-on: where they came from
    id_token: Mapped[str] = mapped_column(default="", server_default=EMPTY)  # and what it wants to sign them out
    sid: Mapped[str] = mapped_column(default="", server_default=EMPTY, index=True)  # what it calls their sign-in there
    # Who looked at a second factor: `own`, this desk; `provider`, that of single sign-on; empty, nobody.
    factor: Mapped[str] = mapped_column(default="", server_default=EMPTY)

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

    @hybrid_property
    def is_own(self) -> bool:
        """Whether nobody gave it to them: it was mailed as they asked, or printed by whoever runs the desk."""
        return self.made_by_id == self.user_id


class AddressToken(Model):
    """A new address that somebody gave for themselves, until a link in a mail to it is used; only its hash is kept."""

    __tablename__ = "address_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), unique=True)
    email: Mapped[str]
    expires_at: Mapped[datetime] = mapped_column(Moment)

    user: Mapped[User] = relationship()


class HalfSignIn(Model):
    """A sign-in that is not finished: a second factor, a passkey or a provider has still to answer.

    The browser holds a random token in a cookie, this row its hash, what the way in is, and what it has to remember.
    """

    __tablename__ = "half_sign_ins"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    way: Mapped[str]  # what is waited for
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    facts: Mapped[dict] = mapped_column(JSON, default=dict)
    expires_at: Mapped[datetime] = mapped_column(Moment, index=True)

    user: Mapped[User | None] = relationship()


class Count(Model):
    """One of what is counted against guessing, for those counts that have to survive a restart: see `counting`."""

    __tablename__ = "counts"
    __table_args__ = (Index("ix_counts_what_who", "what", "who", "at"),)

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    what: Mapped[str]  # a name of `rates.RATES`, or a failure in a row
    who: Mapped[str]  # for whom it is counted: a fingerprint, never an address in clear
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)


class SetupToken(Model):
    """The one-time link that makes the first administrator; only its hash is kept."""

    __tablename__ = "setup_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
