"""What people have typed and not yet sent."""

from datetime import datetime

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from informejo import clock
from informejo.db import Model, Moment


class Draft(Model):
    """One person's unsent text in one form they opened.

    `form` says which, such as `ticket:42` (its composer) or `new-ticket`; `key` is the once-only key it was drawn with,
    empty for a form that has none: two tabs of one form are two drafts.
    """

    __tablename__ = "drafts"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    form: Mapped[str] = mapped_column(primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True, default="")
    fields: Mapped[dict] = mapped_column(JSON)
    saved_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)
