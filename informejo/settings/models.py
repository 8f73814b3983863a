"""What administrators have set in a page; each setting they have not touched is that of the environment."""

from sqlalchemy import JSON
from sqlalchemy.orm import Mapped, mapped_column

from informejo.db import Model


class SavedSetting(Model):
    """One setting by its name. Its history stands in the log."""

    __tablename__ = "saved_settings"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[object] = mapped_column(JSON)
