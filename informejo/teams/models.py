"""Teams: which of the staff belong together, and what they see of the desk."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from informejo import clock
from informejo.accounts.models import User
from informejo.db import Model, Moment
from informejo.folding import Folded


class Team(Folded, Model):
    """Some of the staff. Whoever is in teams of which none `sees_all` sees their tickets and those of no team."""

    __tablename__ = "teams"
    __table_args__ = (UniqueConstraint("folded"), {"sqlite_autoincrement": True})
    SAID = ("name",)

    id: Mapped[int] = mapped_column(primary_key=True)
    name: Mapped[str]
    sees_all: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime] = mapped_column(Moment, default=clock.now)


class TeamMember(Model):
    """That one person is in one team."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey(User.id, ondelete="CASCADE"), primary_key=True, index=True)


class TeamCategory(Model):
    """Which team gets the new tickets of a category."""

    __tablename__ = "team_categories"

    category: Mapped[str] = mapped_column(primary_key=True)
    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), index=True)
