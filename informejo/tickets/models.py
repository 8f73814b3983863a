"""Tickets, their comments and files, and how far each person has read."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, String, TypeDecorator, UniqueConstraint, false, text
from sqlalchemy.ext.hybrid import hybrid_method
from sqlalchemy.orm import Mapped, mapped_column, relationship, synonym

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment, words
from informejo.events.models import Audience, Event
from informejo.folding import Folded
from informejo.ids import next_id
from informejo.teams.models import Team
from informejo.tickets.words import Category, Hold, Priority, Status

_HELD = text("hold IS NOT NULL")
_SOME, _SOME_IN_SQLITE = text("confidential"), text("confidential = 1")  # as SQLite is asked for it


class CategoryKey(TypeDecorator):
    """A column of categories, by their keys as plain text."""

    impl, cache_ok = String(40), True

    def process_bind_param(self, value: str | None, _dialect) -> str | None:
        return None if value is None else str(value)

    def process_result_value(self, value: str | None, _dialect) -> Category | None:
        return None if value is None else Category(value)


class Ticket(Folded, Model):
    """One person's problem. Its history is in the event log; the columns hold how it is now."""

    __tablename__ = "tickets"
    SAID = ("title", "description")
    __table_args__ = (
        UniqueConstraint("opened_by_id", "key"),
        # Each begins with what lists and counts ask for, and has all they need: none reads tickets it does not show.
        Index("ix_tickets_status_activity", "status", "deleted_at", "last_event_id", "priority", "confidential"),
        Index("ix_tickets_status_assignee", "status", "deleted_at", "assignee_id", "priority", "confidential"),
        Index("ix_tickets_team_activity", "team_id", "last_event_id"),
        Index("ix_tickets_confidential", "confidential", sqlite_where=_SOME_IN_SQLITE, postgresql_where=_SOME),
        Index("ix_tickets_assignee_activity", "assignee_id", "last_event_id"),
        Index("ix_tickets_requester_activity", "requester_id", "last_public_event_id"),
        {"sqlite_autoincrement": True},  # the number of a ticket that is gone is never given to another
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    number: Mapped[int] = synonym("id")  # the name people use for it, aloud and in addresses
    title: Mapped[str]
    description: Mapped[str]
    status: Mapped[Status] = words(Status, default=Status.OPEN)
    priority: Mapped[Priority] = words(Priority, default=Priority.MEDIUM, index=True)
    category: Mapped[Category] = mapped_column(CategoryKey, default=Category.OTHER, index=True)
    requester_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    opened_by_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    assignee_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    follows_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    resolved_at: Mapped[datetime | None] = mapped_column(Moment)
    deleted_at: Mapped[datetime | None] = mapped_column(Moment)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(default=1)  # of title and description; status and its like carry `was`
    key: Mapped[str | None]  # once-only: the same form sent twice opens one ticket
    team_id: Mapped[int | None] = mapped_column(ForeignKey("teams.id"))
    # Seen by requester, assignee and those it names alone, whoever else may see tickets.
    confidential: Mapped[bool] = mapped_column(default=False, server_default=false())
    # It came through a form that asks nobody who they are, and its link has not been used yet.
    unverified: Mapped[bool] = mapped_column(default=False, server_default=false())
    # No foreign keys here: events point at tickets already, and each table must be creatable first.
    last_event_id: Mapped[int | None] = mapped_column(index=True)
    last_public_event_id: Mapped[int | None] = mapped_column(index=True)

    requester: Mapped[User] = relationship(foreign_keys=requester_id)
    opened_by: Mapped[User] = relationship(foreign_keys=opened_by_id)
    assignee: Mapped[User | None] = relationship(foreign_keys=assignee_id)
    follows: Mapped["Ticket | None"] = relationship(remote_side=id)
    team: Mapped[Team | None] = relationship()
    last_event: Mapped[Event | None] = relationship(
        primaryjoin="foreign(Ticket.last_event_id) == Event.id", viewonly=True
    )
    last_public_event: Mapped[Event | None] = relationship(
        primaryjoin="foreign(Ticket.last_public_event_id) == Event.id", viewonly=True
    )
    attachments: Mapped[list["Attachment"]] = relationship(
        primaryjoin="and_(Attachment.ticket_id == Ticket.id, Attachment.comment_id.is_(None))",
        order_by="Attachment.id",
        viewonly=True,
    )

    @property
    def is_for_all_staff(self) -> bool:
        """Whether all of the staff see it, also those who do not see the tickets of other teams."""
        return self.team_id is None and not self.confidential

    @property
    def is_over(self) -> bool:
        return self.status in (Status.RESOLVED, Status.CLOSED)

    def follows_for(self, audience: str) -> "Ticket | None":
        """The ticket it follows, where whoever is shown this one so may know of that one too.

        It is drawn once for all of them: not for the staff where that one is confidential, or another team's.
        """
        before = self.follows
        if before is None:
            return None
        if audience != Audience.STAFF:
            return before if before.requester_id == self.requester_id else None
        return before if before.team_id in (None, self.team_id) and not before.confidential else None

    @hybrid_method
    def last_event_for(self, audience: str) -> Event | None:
        """The latest event this audience may see: what lists sort by and call "last activity".

        Asked of Ticket itself it is the relationship, and `last_event_id_for` the column, for statements.
        """
        return self.last_event if audience == Audience.STAFF else self.last_public_event

    @hybrid_method
    def last_event_id_for(self, audience: str) -> int | None:
        """Its id, for where nothing else of it is asked."""
        return self.last_event_id if audience == Audience.STAFF else self.last_public_event_id


class Comment(Folded, Model):
    """One message in a ticket's conversation. `internal` is set when it is written and never changes."""

    __tablename__ = "comments"
    SAID = ("body",)
    __table_args__ = (UniqueConstraint("author_id", "key"), {"sqlite_autoincrement": True})

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    author_id: Mapped[int] = mapped_column(ForeignKey("users.id"), index=True)
    body: Mapped[str]
    internal: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    edited_at: Mapped[datetime | None] = mapped_column(Moment)
    version: Mapped[int] = mapped_column(default=1)
    key: Mapped[str | None]

    ticket: Mapped[Ticket] = relationship()
    author: Mapped[User] = relationship()
    attachments: Mapped[list["Attachment"]] = relationship(back_populates="comment", order_by="Attachment.id")

    @property
    def audience(self) -> Audience:
        """Who may know of it: its text, its files, its time, that it exists."""
        return Audience.STAFF if self.internal else Audience.REQUESTER


class Attachment(Folded, Model):
    """A file, as secret as the comment it came with; without a comment it came with the description."""

    __tablename__ = "attachments"
    SAID = ("name",)
    __table_args__ = (
        Index("ix_attachments_uploader_created", "uploader_id", "created_at"),  # what one sent today
        Index("ix_attachments_hold", "hold", sqlite_where=_HELD, postgresql_where=_HELD),
    )

    id: Mapped[int] = mapped_column(primary_key=True)
    token: Mapped[str] = mapped_column(unique=True)  # its name in addresses: 128 random bits
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), index=True)
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id", ondelete="CASCADE"), index=True)
    uploader_id: Mapped[int] = mapped_column(ForeignKey("users.id"))
    name: Mapped[str]  # as shown; says nothing about the place on disk
    media_type: Mapped[str]  # found by looking inside, never what the browser claimed
    size: Mapped[int]  # bytes
    stored_name: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    hold: Mapped[Hold | None] = words(Hold)  # nobody opens it, for this reason

    ticket: Mapped[Ticket] = relationship()
    comment: Mapped[Comment | None] = relationship(back_populates="attachments")
    uploader: Mapped[User] = relationship()

    @property
    def internal(self) -> bool:
        return self.comment is not None and self.comment.internal

    @property
    def is_image(self) -> bool:
        return self.media_type in ("image/png", "image/jpeg", "image/gif", "image/webp")


class NamedPerson(Model):
    """One of those who may see a ticket although it is confidential."""

    __tablename__ = "named_people"

    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)

    user: Mapped[User] = relationship()


class Reading(Model):
    """How far one person has read one ticket."""

    __tablename__ = "readings"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    ticket_id: Mapped[int] = mapped_column(ForeignKey("tickets.id", ondelete="CASCADE"), primary_key=True)
    event_id: Mapped[int]
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)

    user: Mapped[User] = relationship()
