"""What the doctor keeps: its last findings, and the tokens that open the probe."""

import re
from datetime import datetime
from enum import StrEnum

from sqlalchemy.orm import Mapped, mapped_column

from informejo.config import SETTINGS, Setting
from informejo.db import Model, Moment, words

PLACES = 'eval "$(bin/flask places)"; '  # what a shell needs before a command that names a place by its setting


class State(StrEnum):
    """How a finding is to be taken."""

    WELL = "well"
    LOOK = "look"
    BROKEN = "broken"

    @property
    def word(self) -> str:
        return {"well": "well", "look": "needs attention", "broken": "broken"}[self]

    def tally(self, number: int) -> str:
        """So many findings of this state: "1 broken", "3 need attention"."""
        return f"{number} {self.word if number == 1 else self.word.replace('needs', 'need')}"

    @property
    def icon(self) -> str:
        return {"well": "circle-check", "look": "circle-help", "broken": "circle-alert"}[self]


class Finding(Model):
    """What a check found when it last ran, and since when it has been in this state."""

    __tablename__ = "findings"

    name: Mapped[str] = mapped_column(primary_key=True)  # of the check
    state: Mapped[State] = words(State)
    sentence: Mapped[str]
    remedy: Mapped[str]  # what to do; empty where there is nothing to do
    since: Mapped[datetime] = mapped_column(Moment)
    checked_at: Mapped[datetime] = mapped_column(Moment)

    @property
    def command(self) -> str:
        """The remedy as it can be pasted into a shell."""
        return f"{PLACES}{self.remedy}" if '"$' in self.remedy else self.remedy

    @property
    def named(self) -> list[Setting]:
        """The settings that the sentence speaks of."""
        words = set(re.findall(r"[A-Z_]+", self.sentence))
        return [setting for setting in SETTINGS if setting.name in words]


class ProbeToken(Model):
    """What opens the probe once, within a minute; only its hash is kept."""

    __tablename__ = "probe_tokens"

    token_hash: Mapped[str] = mapped_column(primary_key=True)
    created_at: Mapped[datetime] = mapped_column(Moment)
