"""Who came in and who was refused: what is no change of anything, and so stands in no event."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column, relationship

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment
from informejo.ids import next_id


class Access(Model):
    """One sign-in, a failed one, or a refusal. Rows are only ever added; their ids stand among those of events."""

    __tablename__ = "accesses"

    id: Mapped[int] = mapped_column(primary_key=True, default=next_id)
    at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
    kind: Mapped[str]  # what happened, such as `signed-in`
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id"), index=True)
    who: Mapped[str] = mapped_column(default="")  # the address that was typed, where it is nobody's
    origin: Mapped[str] = mapped_column(default="")  # the network address
    agent: Mapped[str] = mapped_column(default="")  # the browser, in words
    said: Mapped[str] = mapped_column(default="")  # what else there is to know, as a sentence

    user: Mapped[User | None] = relationship()
