"""How mail fares: its ways, what waits too long, what was given up; for Health, for the banner, and for /metrics."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Select, and_, func, or_, select

from informejo import clock, db
from informejo.intake import mailboxes
from informejo.mail.models import IncomingMail, MailWay, OutgoingMail
from informejo.mail.words import SENDING, InState, OutState
from informejo.readers.models import KeptEvent
from informejo.settings.saved import all_settings

LONG = timedelta(minutes=15)  # what lasts so long does not pass by itself
ON_ITS_WAY = (OutState.WAITING, OutState.SENDING)
_WAYS = select(MailWay.name, MailWay.well_at, MailWay.failing_since, MailWay.error, MailWay.token_expires_at)


class Way(NamedTuple):
    """The server that sends, or a mailbox: when it worked last, since when it does not, and why."""

    name: str
    well_at: datetime | None = None
    failing_since: datetime | None = None
    error: str = ""
    token_expires_at: datetime | None = None


class Amounts(NamedTuple):
    """How many mails could not be sent yet, were given up, and wait in quarantine."""

    waiting: int
    failed: int
    quarantined: int


class Post(NamedTuple):
    """All of it, as plain values. `due_since` and `unread_since` are of the oldest that nobody took up."""

    ways: dict[str, Way]
    amounts: Amounts
    due_since: datetime | None
    unread_since: datetime | None
    kept: list[tuple[str, int]]  # readers, and how many events each could not deal with


class Trouble(NamedTuple):
    """What every administrator has to hear of, wherever they are: sending or fetching has failed for LONG."""

    sends: bool
    since: datetime


def post() -> Post:
    """How mail fares now."""
    kept = select(KeptEvent.reader, func.count()).group_by(KeptEvent.reader).order_by(KeptEvent.reader)
    return Post(
        ways=ways(),
        amounts=amounts(),
        due_since=_oldest(OutgoingMail.due_at, OutgoingMail.state.in_(ON_ITS_WAY)),
        unread_since=_oldest(IncomingMail.received_at, IncomingMail.state == InState.NEW),
        kept=[tuple(row) for row in db.rows(kept)],
    )


def ways() -> dict[str, Way]:
    """Every way there is or was, by name."""
    return {row.name: Way(*row) for row in db.rows(_WAYS)}


def amounts() -> Amounts:
    """A bundle that waits for its time is none of those that wait."""
    late = or_(OutgoingMail.due_at <= clock.now(), OutgoingMail.tries > 0)
    return Amounts(
        waiting=_count(OutgoingMail, and_(OutgoingMail.state.in_(ON_ITS_WAY), late)),
        failed=_count(OutgoingMail, OutgoingMail.state == OutState.FAILED),
        quarantined=_count(IncomingMail, IncomingMail.state == InState.QUARANTINED),
    )


def lasting_troubles() -> list[Trouble]:
    """What has failed for LONG, at the price of one small statement: each page of an administrator asks."""
    settings = all_settings()
    names = used(settings)
    if not names:
        return []
    found, start = ways(), current_app.extensions["started"]
    failing = [(name == SENDING, failing_since(found.get(name, Way(name)), settings, start)) for name in names]
    earliest: dict[bool, datetime] = {}
    for sends, since in failing:
        if since and since <= clock.now() - LONG:
            earliest[sends] = min(since, earliest.get(sends, since))
    return [Trouble(sends, since) for sends, since in earliest.items()]


def used(settings: Mapping) -> list[str]:
    """The names of the ways that the settings name."""
    return ([SENDING] if sends(settings) else []) + [box.name for box in mailboxes.of(settings)]


def sends(settings: Mapping) -> bool:
    """Whether mails shall leave the desk."""
    return bool(settings["SMTP_HOST"]) and not settings["MAIL_CATCH"]


def failing_since(way: Way, settings: Mapping, start: datetime) -> datetime | None:
    """Since when a way fails; a mailbox also since nobody looked into it, while the desk has run since `start`."""
    if way.failing_since or way.name == SENDING:
        return way.failing_since
    looked_at = max(way.well_at or start, start)
    patience = max(LONG, timedelta(seconds=3 * settings["MAIL_POLL_SECONDS"]))
    return looked_at if looked_at < clock.now() - patience else None


def _oldest(moment, condition) -> datetime | None:
    """That of the oldest row whose moment has come."""
    return db.session.scalar(select(func.min(moment)).where(condition, moment <= clock.now()))


def _count(model, condition) -> int:
    return db.session.scalar(_counting(model).where(condition))


def _counting(model) -> Select:
    return select(func.count()).select_from(model)
