"""The desk's numbers, computed once after each event for all who look."""

from collections import Counter
from collections.abc import Callable
from typing import NamedTuple

from sqlalchemy import func

from informejo.accounts.models import User
from informejo.db import db
from informejo.events import log
from informejo.policy import visible_tickets
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED, Category, Priority, Status

_kept: dict[str, tuple[int, object]] = {}  # name -> the last event that is counted in, and the numbers


class Counts(NamedTuple):
    """What the rail says: tickets that are not solved."""

    open: int
    unassigned: int
    mine: int


class Stats(NamedTuple):
    """What the dashboard says. Breakdowns map a Priority to a number; averages are hours, None without a ticket."""

    total: int
    by_status: dict[Status, int]
    all: dict[Priority, int]
    unsolved: dict[Priority, int]
    unassigned: dict[Priority, int]
    average_hours: float | None
    average_by_priority: dict[Priority, float | None]
    average_by_category: dict[Category, float | None]


def counts_for(actor: User) -> Counts:
    """The numbers of the rail for this member of the staff."""
    by_assignee = _fresh("by_assignee", lambda: _unsolved_by_assignee(actor))
    return Counts(by_assignee.total(), by_assignee[None], by_assignee[actor.id])


def stats_for(actor: User) -> Stats:
    """The numbers of the dashboard; the same for all staff, who all see all tickets."""
    return _fresh("stats", lambda: _stats(actor))


def mine_by_priority(actor: User) -> dict[Priority, int]:
    """The actor's own unsolved tickets."""
    return _by_priority(actor, Ticket.status.in_(UNSOLVED), Ticket.assignee_id == actor.id)


def forget():
    """Compute anew at the next look; for tests, each of which has another log."""
    _kept.clear()


def _fresh(name: str, compute: Callable):
    # By the log, not by the clock: pages look again when an event nudges them, and only then.
    latest = log.latest_id()
    if name not in _kept or _kept[name][0] != latest:
        _kept[name] = (latest, compute())
    return _kept[name][1]


def _unsolved_by_assignee(actor: User) -> Counter:
    tickets = visible_tickets(actor).where(Ticket.status.in_(UNSOLVED)).group_by(Ticket.assignee_id)
    return Counter(dict(_pairs(tickets, Ticket.assignee_id, func.count())))


def _stats(actor: User) -> Stats:
    by_status = dict(_pairs(visible_tickets(actor).group_by(Ticket.status), Ticket.status, func.count()))
    return Stats(
        total=sum(by_status.values()),
        by_status={status: by_status.get(status, 0) for status in Status},
        all=_by_priority(actor),
        unsolved=_by_priority(actor, Ticket.status.in_(UNSOLVED)),
        unassigned=_by_priority(actor, Ticket.status.in_(UNSOLVED), Ticket.assignee_id.is_(None)),
        average_hours=_average(actor, None),
        average_by_priority=_average(actor, Ticket.priority, Priority),
        average_by_category=_average(actor, Ticket.category, Category),
    )


def _by_priority(actor: User, *conditions) -> dict[Priority, int]:
    tickets = visible_tickets(actor).where(*conditions).group_by(Ticket.priority)
    found = dict(_pairs(tickets, Ticket.priority, func.count()))
    return {priority: found.get(priority, 0) for priority in reversed(Priority)}


def _average(actor: User, column, words=None):
    hours = func.avg(_seconds(Ticket.resolved_at) - _seconds(Ticket.created_at)) / 3600
    tickets = visible_tickets(actor).where(Ticket.resolved_at.is_not(None))
    if column is None:
        return db.session.scalar(tickets.with_only_columns(hours))
    found = dict(_pairs(tickets.group_by(column), column, hours))
    return {word: found.get(word) for word in words}


def _seconds(moment):
    if db.engine.dialect.name == "sqlite":
        return (func.julianday(moment) - 2440587.5) * 86400  # Julian day of 1970-01-01
    return func.extract("epoch", moment)


def _pairs(statement, *columns):
    return db.session.execute(statement.with_only_columns(*columns)).all()
