"""What may be asked of the audit."""

import re
from datetime import UTC, date, datetime, timedelta

from pydantic import field_validator

from informejo import limits
from informejo.audit.models import AccessKind
from informejo.audit.queries import FIRST
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.inputs import Input, line, problem
from informejo.mail.choices import place as clock_of

_PLACE = re.compile(r"(\d{1,19})\.([01])")
_TICKET = re.compile(r"#?([1-9]\d{0,10})", re.ASCII)
_YEARS = range(1970, 2255)  # of which there are ids; at the ends of the calendar a day cannot be reckoned with
_DAY = "Write a day as 2026-11-30."


class AuditAsked(Input):
    """The fields of its filter. A kind that does not exist is as good as none."""

    who: line(limits.SEARCH, "a name or an address") = ""
    about: line(limits.SEARCH, "a ticket, a name or an address") = ""
    kind: str = ""
    since: date | None = None
    until: date | None = None
    origin: line(limits.SEARCH, "a network address") = ""
    before: tuple[int, int] = FIRST

    @field_validator("kind")
    @classmethod
    def known(cls, kind: str) -> str:
        return kind if kind in (*AccessKind, *EventName) else ""

    @field_validator("since", "until", mode="before")
    @classmethod
    def day(cls, text: str) -> date | None:
        try:
            found = date.fromisoformat(text) if text else None
        except ValueError:
            raise problem(_DAY) from None
        if found and found.year not in _YEARS:
            raise problem(_DAY)
        return found

    @field_validator("before", mode="before")
    @classmethod
    def place(cls, text: str) -> tuple[int, int]:
        found = _PLACE.fullmatch(text)
        return (min(int(found[1]), FIRST[0]), int(found[2])) if found else FIRST

    @property
    def ticket(self) -> int | None:
        """The number of the ticket it is about, if it is about one."""
        found = _TICKET.fullmatch(self.about)
        return int(found[1]) if found else None

    def moments(self, zone: str) -> dict[str, int]:
        """The ids between which days of that time zone lie, the last one included."""
        days = {"since": self.since, "until": self.until and self.until + timedelta(days=1)}
        return {name: _begin(day, zone) for name, day in days.items() if day}


def _begin(day: date, zone: str) -> int:
    return made_at(datetime(day.year, day.month, day.day, tzinfo=clock_of(zone)).astimezone(UTC))
