"""The log: one row for each thing that happened, in the order in which it was committed."""

from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING

from sqlalchemy import JSON, ForeignKey, Index, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import EMPTY, User
from informejo.db import Model, Moment, words
from informejo.events.names import EventName
from informejo.ids import next_id

if TYPE_CHECKING:
    from informejo.tickets.models import Attachment, Comment, Ticket


_SOME_FILE = text("attachment_id IS NOT NULL")


class Audience(StrEnum):
    """The two ways anything is shown. What the requester may see, the staff may see too."""

    REQUESTER = "requester"
    STAFF = "staff"


class Event(Model):
    """A durable fact. `changes` maps a field to its [old, new] value as words; rows are never changed."""

    __tablename__ = "events"
    __table_args__ = (
        Index("ix_events_ticket", "ticket_id", "id"),
        # What the audit is asked for: who, to whom, what, from where.
        Index("ix_events_actor", "actor_id", "id"),
        Index("ix_events_user", "user_id", "id"),
        Index("ix_events_name", "name", "id"),
        Index("ix_events_origin", "origin", "id"),
        # Without it, removing an attachment would look through all events for those that point at it.
        Index("ix_events_attachment", "attachment_id", sqlite_where=_SOME_FILE, postgresql_where=_SOME_FILE),
        {"sqlite_autoincrement": True},
    )

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    name: Mapped[EventName] = words(EventName)
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    audience: Mapped[Audience] = words(Audience)
    actor_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    ticket_id: Mapped[int | None] = mapped_column(ForeignKey("tickets.id"))
    comment_id: Mapped[int | None] = mapped_column(ForeignKey("comments.id"), index=True)
    attachment_id: Mapped[int | None] = mapped_column(ForeignKey("attachments.id"))
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"))
    changes: Mapped[dict] = mapped_column(JSON, default=dict)
    origin: Mapped[str] = mapped_column(default="", server_default=EMPTY)  # the network address it came from, if any
    batch: Mapped[int | None] = mapped_column(index=True)  # the event that a number of them belong to, to undo at once

    actor: Mapped[User | None] = relationship(foreign_keys=actor_id)
    user: Mapped[User | None] = relationship(foreign_keys=user_id)
    ticket: Mapped["Ticket | None"] = relationship(foreign_keys=ticket_id)
    comment: Mapped["Comment | None"] = relationship(foreign_keys=comment_id)
    attachment: Mapped["Attachment | None"] = relationship(foreign_keys=attachment_id)

    def is_for(self, audience: Audience) -> bool:
        """Whether it is of a kind that this audience may know of; whether they still see its ticket says `policy`."""
        return self.audience != Audience.STAFF or audience == Audience.STAFF


class LogEpoch(Model):
    """One row: a random word that names this life of the log. A restore renews it, so that a rewound log is noticed."""

    __tablename__ = "log_epoch"

    word: Mapped[str] = mapped_column(primary_key=True)
