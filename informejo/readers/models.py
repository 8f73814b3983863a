"""How far each reader of the log has come, and the events that one of them could not deal with."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.db import Model, Moment
from informejo.events.models import Event


class ReaderBookmark(Model):
    """The last event that the reader of that name has dealt with, or kept for later."""

    __tablename__ = "reader_bookmarks"

    name: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int]


class KeptEvent(Model):
    """An event on which a reader failed: it waits here to be tried again, and the reader goes on with the next."""

    __tablename__ = "kept_events"

    reader: Mapped[str] = mapped_column(primary_key=True)
    event_id: Mapped[int] = mapped_column(ForeignKey("events.id", ondelete="CASCADE"), primary_key=True)
    error: Mapped[str]
    tries: Mapped[int] = mapped_column(default=1)
    since: Mapped[datetime] = mapped_column(Moment, default=clock.now)

    event: Mapped[Event] = relationship()
