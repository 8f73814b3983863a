"""When a mail is due, by clocks on the wall that are looked at minute by minute: slow, and hard to get wrong."""

from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo

from tests.mail.facts import Person

MINUTE, DAY = timedelta(minutes=1), timedelta(days=1)


def when(person: Person, now: datetime) -> datetime:
    chosen, zone = person.choices, person.zone or "UTC"
    due = now
    if chosen["pace"] == "bundled":
        due = now + chosen["bundle_minutes"] * MINUTE
    if chosen["pace"] == "daily":
        today = now.astimezone(ZoneInfo(zone)).date()
        due = min(moment for n in (-1, 0, 1, 2) if (moment := first(zone, today + n * DAY, chosen["daily_at"])) > now)
    return quiet_until(person, due) or due


def quiet_until(person: Person, moment: datetime) -> datetime | None:
    """When the quiet hours end in which that moment lies."""
    zone, begin, end = person.zone or "UTC", person.choices["quiet_from"], person.choices["quiet_to"]
    if begin is None:
        return None
    today = moment.astimezone(ZoneInfo(zone)).date()
    for n in (-2, -1, 0, 1):
        day = today + n * DAY
        until = last(zone, day if end > begin else day + DAY, end)
        if first(zone, day, begin) <= moment < until:
            return until
    return None


@cache
def first(zone: str, day: date, minutes: int) -> datetime:
    """The first minute at which clocks show that time or later."""
    return next(moment for moment, shown in walls(zone, day) if shown >= wall(day, minutes))


@cache
def last(zone: str, day: date, minutes: int) -> datetime:
    """The last minute at which clocks show that time; where they show it never, the first after it."""
    showing = [moment for moment, shown in walls(zone, day) if shown == wall(day, minutes)]
    return showing[-1] if showing else first(zone, day, minutes)


def wall(day: date, minutes: int) -> datetime:
    return datetime.combine(day, time(minutes // 60, minutes % 60))


@cache
def walls(zone: str, day: date) -> list[tuple[datetime, datetime]]:
    noon = datetime.combine(day, time(12), UTC)
    moments = [noon + n * MINUTE for n in range(-36 * 60, 36 * 60)]
    return [(moment, moment.astimezone(ZoneInfo(zone)).replace(tzinfo=None)) for moment in moments]
