"""What one person chose to be mailed about, and when a mail to them is due."""

from bisect import bisect_left
from collections.abc import Iterator
from datetime import UTC, date, datetime, time, timedelta
from typing import NamedTuple
from zoneinfo import ZoneInfo

from informejo import db
from informejo.accounts.models import Role, User
from informejo.mail.models import MailChoices
from informejo.mail.words import Kind, Pace, Why

DAY = timedelta(days=1)


class Choices(NamedTuple):
    """The same as a row of MailChoices, which says what each means; these are those of somebody who chose nothing."""

    receipt: bool = True
    mine: bool = True
    assigned: bool = True
    mentioned: bool = True
    watched: bool = True
    all_new: bool = False
    pace: Pace = Pace.ONCE
    bundle_minutes: int = 30
    daily_at: int = 8 * 60
    quiet_from: int | None = None
    quiet_to: int | None = None


_CHOSEN_BY = {Why.REQUESTER: "mine", Why.REMINDER: "mine", Why.ASSIGNEE: "assigned", Why.MENTIONED: "mentioned"}
_CHOSEN_BY |= {Why.WATCHER: "watched", Why.NEW: "all_new"}


def of(user: User) -> Choices:
    """What this person chose."""
    return chosen(user, db.session.get(MailChoices, user.id))


def chosen(user: User, row: MailChoices | None) -> Choices:
    """The same, of the row that keeps it; administrators hear of every new ticket until they choose not to."""
    if row is None:
        return Choices(all_new=user.role == Role.ADMIN)
    return Choices(*(getattr(row, field) for field in Choices._fields))


def wants(choices: Choices, why: Why, kind: Kind) -> bool:
    """Whether these choices let a mail of that kind go to somebody whom it concerns for that reason."""
    if kind == Kind.OPENED:
        return choices.receipt
    return getattr(choices, _CHOSEN_BY[why]) if why in _CHOSEN_BY else True


def due(choices: Choices, now: datetime, zone: str) -> tuple[datetime, str]:
    """When a mail of which is known since `now` goes out, and until when it waits in words; at once has none.

    `zone` is the IANA name of the person's time zone, or empty for UTC.
    """
    moment, word = now, ""
    if choices.pace == Pace.BUNDLED:
        moment, word = now + timedelta(minutes=choices.bundle_minutes), "Bundle"
    elif choices.pace == Pace.DAILY:
        moment, word = _daily(choices.daily_at, now, zone), "Daily mail"
    if awake := quiet_until(choices, moment, zone):
        moment, word = awake, "Quiet hours end"
    return moment, told(word, moment, zone) if word else ""


def quiet_until(choices: Choices, moment: datetime, zone: str) -> datetime | None:
    """When the quiet hours end in which `moment` lies; None when it lies in none."""
    begin, end = choices.quiet_from, choices.quiet_to
    if begin is None or end is None or begin == end:
        return None
    begins = _each_day(begin, moment, zone, fold=0)
    ends = _each_day(end + (24 * 60 if end < begin else 0), moment, zone, fold=1)
    return next((end for begin, end in zip(begins, ends, strict=True) if begin <= moment < end), None)


def told(word: str, moment: datetime, zone: str) -> str:
    """That moment as a clock in that time zone shows it: "Bundle at 2026-11-30 12:30, Europe/Oslo"."""
    return f"{word} at {moment.astimezone(place(zone)):%Y-%m-%d %H:%M}, {place(zone)}"


def place(zone: str) -> ZoneInfo:
    """The time zone of that name; UTC for none, and for one that this machine does not know any more."""
    try:
        return ZoneInfo(zone or "UTC")
    except (KeyError, ValueError, OSError):
        return ZoneInfo("UTC")


def _daily(minutes: int, now: datetime, zone: str) -> datetime:
    return next(moment for moment in _each_day(minutes, now, zone, fold=0) if moment > now)


def _each_day(minutes: int, around: datetime, zone: str, fold: int) -> Iterator[datetime]:
    """When it is so many minutes after midnight, of the days around a moment.

    Where clocks show a time twice, `fold` 0 is the first time and 1 the second.
    """
    where = place(zone)
    today = around.astimezone(where).date()
    for days in range(-2, 4):
        yield _moment(today + days * DAY + minutes // (24 * 60) * DAY, minutes % (24 * 60), where, fold)


def _moment(day: date, minutes: int, place: ZoneInfo, fold: int) -> datetime:
    shown = datetime.combine(day, time(minutes // 60, minutes % 60), place)
    early, late = sorted(shown.replace(fold=side).astimezone(UTC) for side in (0, 1))
    if early != late and _shows(early, place) < shown.replace(tzinfo=None):
        # Clocks are put forward past that time. Then it is when they are: the first moment that shows it or more.
        seconds = range(int((late - early).total_seconds()))
        skipped = bisect_left(
            seconds, True, key=lambda s: _shows(early + timedelta(seconds=s), place) >= shown.replace(tzinfo=None)
        )
        return early + timedelta(seconds=skipped)
    return late if fold else early


def _shows(moment: datetime, place: ZoneInfo) -> datetime:
    """What a clock there shows, without its zone."""
    return moment.astimezone(place).replace(tzinfo=None)
