"""What may be sent about the mails somebody wants."""

import re
from typing import Annotated

from pydantic import BeforeValidator, field_validator

from informejo.inputs import Input, problem
from informejo.mail.words import Pace

MINUTES = (5, 24 * 60)  # of a bundle, fewest and most
_CLOCK = re.compile(r"([01]?[0-9]|2[0-3]):([0-5][0-9])(:[0-5][0-9])?", re.ASCII)  # browsers may send seconds


def _minutes(text):
    found = _CLOCK.fullmatch(text.strip()) if isinstance(text, str) else None
    if not found:
        raise problem("Write a time, such as 08:00.")
    return int(found[1]) * 60 + int(found[2])


def _minutes_or_none(text):
    return _minutes(text) if text else None


Clock = Annotated[int, BeforeValidator(_minutes)]  # minutes after midnight
SomeClock = Annotated[int | None, BeforeValidator(_minutes_or_none)]


def clock_words(minutes: int | None) -> str:
    """Minutes after midnight as a form shows them: "08:00"."""
    return "" if minutes is None else f"{minutes // 60:02}:{minutes % 60:02}"


class ChosenMails(Input):
    """Which events mail somebody, and when. A box that is not ticked is not sent."""

    receipt: bool = False
    mine: bool = False
    assigned: bool = False
    mentioned: bool = False
    watched: bool = False
    all_new: bool = False
    pace: Pace = Pace.ONCE
    bundle_minutes: int = 30
    daily_at: Clock = 8 * 60
    quiet_from: SomeClock = None
    quiet_to: SomeClock = None

    @field_validator("bundle_minutes")
    @classmethod
    def some_time(cls, minutes: int) -> int:
        least, most = MINUTES
        if not least <= minutes <= most:
            raise problem(f"Between {least} and {most:,} minutes fit here.")
        return minutes

    @field_validator("quiet_to")
    @classmethod
    def ends(cls, end: int | None, fields) -> int | None:
        begin = fields.data.get("quiet_from", end)
        if (begin is None) != (end is None):
            raise problem("Write both times, or neither.")
        if begin is not None and begin == end and "quiet_from" in fields.data:
            raise problem("Quiet hours end at another time than they begin.")
        return end
