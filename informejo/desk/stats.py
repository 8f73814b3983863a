"""The desk's numbers, computed once after each event for all who look."""

import threading
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, func
from sqlalchemy.orm import joinedload

from informejo import db, slow_reads
from informejo.accounts.models import User
from informejo.events import log
from informejo.policy import visible_tickets
from informejo.tickets.models import Ticket
from informejo.tickets.queries import awaits_us, said_at
from informejo.tickets.words import UNSOLVED, Category, Priority, Status

_kept: dict[str, tuple[int, object]] = {}  # name -> the last event that is counted in, and the numbers
_one_at_a_time = threading.Lock()


class Counts(NamedTuple):
    """What the rail says: tickets that are not solved."""

    open: int
    unassigned: int
    mine: int


class Stats(NamedTuple):
    """What the dashboard says. Breakdowns map a Priority to a number; averages are hours, None without a ticket."""

    total: int
    by_status: dict[Status, int]
    due: dict[Priority, int]  # it is the desk's turn to answer
    unassigned: dict[Priority, int]
    average_hours: float | None
    average_by_priority: dict[Priority, float | None]
    average_by_category: dict[Category, float | None]


class Waiting(NamedTuple):
    """A ticket whose requester waits for an answer, and since when."""

    ticket: Ticket
    since: datetime


class Cell(NamedTuple):
    """Tickets that are alike: how many there are, how many were resolved, and the seconds that took together."""

    status: str
    priority: str
    category: str
    assigned: bool
    count: int
    resolved: int
    seconds: float


def counts_for(actor: User) -> Counts:
    """The numbers of the rail for this member of the staff."""
    by_assignee = _fresh("by_assignee", lambda: _unsolved_by_assignee(actor))
    return Counts(by_assignee.total(), by_assignee[None], by_assignee[actor.id])


def stats_for(actor: User) -> Stats:
    """The numbers of the dashboard; the same for all staff, who all see all tickets."""
    return _fresh("stats", lambda: _stats(actor))


def mine_by_priority(actor: User) -> dict[Priority, int]:
    """The actor's own unsolved tickets."""
    return _by_priority(visible_tickets(actor).where(Ticket.status.in_(UNSOLVED), Ticket.assignee_id == actor.id))


def longest_waiting(actor: User, most: int) -> list[Waiting]:
    """The tickets that have waited longest for an answer, the longest first."""
    since = said_at()
    due = visible_tickets(actor).where(awaits_us()).order_by(since, Ticket.id).limit(most)
    found = db.session.execute(due.add_columns(since).options(joinedload(Ticket.requester)))
    return [Waiting(*row) for row in found]


def forget():
    """Compute anew at the next look; for tests, each of which has another log."""
    _kept.clear()


def _fresh(name: str, compute: Callable):
    # By the log, not by the clock: pages look again when an event nudges them, and only then.
    latest = log.latest_id()
    if name not in _kept or _kept[name][0] != latest:
        with _one_at_a_time:  # who comes while somebody computes waits, and finds it done
            latest = log.latest_id()
            if name not in _kept or _kept[name][0] != latest:
                _kept[name] = (latest, compute())
    return _kept[name][1]


def _unsolved_by_assignee(actor: User) -> Counter:
    by = (Ticket.status, Ticket.assignee_id)  # in this order an index has all that is asked for
    unsolved = visible_tickets(actor).where(Ticket.status.in_(UNSOLVED)).group_by(*by)
    found = Counter()
    for assignee, count in db.session.execute(unsolved.with_only_columns(Ticket.assignee_id, func.count())):
        found[assignee] += count
    return found


def _stats(actor: User) -> Stats:
    cells = _cells(actor)
    unsolved = [cell for cell in cells if cell.status in UNSOLVED]
    due = visible_tickets(actor).where(awaits_us())
    return Stats(
        total=sum(cell.count for cell in cells),
        by_status=_counts(cells, "status", Status),
        due=_by_priority(due, slow_reads.rows),
        unassigned=_counts([cell for cell in unsolved if not cell.assigned], "priority", reversed(Priority)),
        average_hours=_average(cells),
        average_by_priority={word: _average(cells, "priority", word) for word in Priority},
        average_by_category={word: _average(cells, "category", word) for word in Category},
    )


def _by_priority(tickets: Select, read: Callable | None = None) -> dict[Priority, int]:
    grouped = tickets.group_by(Ticket.priority).with_only_columns(Ticket.priority, func.count())
    found = dict(map(tuple, (read or db.session.execute)(grouped)))
    return {priority: found.get(priority, 0) for priority in reversed(Priority)}


def _cells(actor: User) -> list[Cell]:
    """All tickets in one pass, whatever their number: a few hundred cells, from which every figure is a sum."""
    by = (Ticket.status, Ticket.priority, Ticket.category, Ticket.assignee_id.is_not(None))
    took = _seconds(Ticket.resolved_at) - _seconds(Ticket.created_at)
    numbers = (func.count(), func.count(Ticket.resolved_at), func.coalesce(func.sum(took), 0))
    return [
        Cell(*row) for row in slow_reads.rows(visible_tickets(actor).with_only_columns(*by, *numbers).group_by(*by))
    ]


def _counts(cells: list[Cell], by: str, words) -> dict:
    found = Counter()
    for cell in cells:
        found[getattr(cell, by)] += cell.count
    return {word: found[word] for word in words}


def _average(cells: list[Cell], by: str = "", word: str = "") -> float | None:
    chosen = [cell for cell in cells if not by or getattr(cell, by) == word]
    resolved = sum(cell.resolved for cell in chosen)
    return sum(cell.seconds for cell in chosen) / resolved / 3600 if resolved else None


def _seconds(moment):
    if db.dialect() == "sqlite":
        return (func.julianday(moment) - 2440587.5) * 86400  # Julian day of 1970-01-01
    return func.extract("epoch", moment)
