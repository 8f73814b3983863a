"""The desk's numbers, computed once after each event for all who see the same tickets."""

from collections import Counter
from collections.abc import Callable
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Integer, Select, bindparam, func

from informejo import db, slow_reads
from informejo.accounts.models import User
from informejo.built_once import Anyone, built_once
from informejo.events.log import Standing
from informejo.policy import visible_tickets
from informejo.settings.saved import edition
from informejo.shelf import shelf
from informejo.tickets.filters import TicketFilter
from informejo.tickets.list_queries import tickets_for
from informejo.tickets.models import Ticket
from informejo.tickets.queries import awaits_us, said_at
from informejo.tickets.sight_queries import seeing_as
from informejo.tickets.words import UNSOLVED, Category, Priority, Status

_BRIEF = (Ticket.id, Ticket.title, User.name, Ticket.priority)  # and a moment, which each statement has its own of


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


class Brief(NamedTuple):
    """A ticket in a list of the dashboard: what it is about, whose it is, how urgent, and since when it is there."""

    number: int
    title: str
    requester: str
    priority: Priority
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


def counts_for(actor: User, standing: Standing) -> Counts:
    """The numbers of the rail for this member of the staff."""
    by_assignee = _by_the_log("by_assignee", actor, standing, _unsolved_by_assignee)
    return Counts(sum(by_assignee.values()), by_assignee.get(None, 0), by_assignee.get(actor.id, 0))


def stats_for(actor: User, standing: Standing) -> Stats:
    """The numbers of the dashboard."""
    return _by_the_log("stats", actor, standing, _stats)


def mine_by_priority(actor: User) -> dict[Priority, int]:
    """The actor's own unsolved tickets."""
    return _by_priority(visible_tickets(actor).where(Ticket.status.in_(UNSOLVED), Ticket.assignee_id == actor.id))


def longest_waiting(actor: User, standing: Standing, most: int) -> list[Brief]:
    """The tickets that have waited longest for an answer, the longest first, and since when."""
    return _by_the_log(("waiting", most), actor, standing, lambda seer: _longest_waiting(seer, most))


def in_brief(actor: User, standing: Standing, filter: TicketFilter, most: int) -> list[Brief]:
    """The first few tickets of a list, and when they were opened."""
    ids = [listed.id for listed in tickets_for(actor, standing, filter, most=most).tickets]
    found = {row[0]: Brief(*row) for row in db.rows(_opened(actor), me=actor.id, ids=ids)}
    return [found[id] for id in ids if id in found]


def _by_the_log(what: str | tuple, actor: User, standing: Standing, compute: Callable):
    # By the log, not by the clock: pages look again when an event nudges them, and only then.
    seer = seeing_as(actor, standing)
    return shelf.one(("stats", what, standing, edition(), seer.id), lambda: compute(seer))


@built_once
def _opened(actor) -> Select:
    """Of these tickets what a Brief says, and when they were opened."""
    tickets = visible_tickets(actor).where(Ticket.id.in_(bindparam("ids", expanding=True)))
    return tickets.join(Ticket.requester).with_only_columns(*_BRIEF, Ticket.created_at)


@built_once
def _unanswered(actor) -> Select:
    """Of those that wait for the desk what a Brief says, and since when they wait."""
    tickets = visible_tickets(actor).where(awaits_us()).order_by(said_at(), Ticket.id)
    shown = tickets.limit(bindparam("most", type_=Integer)).join(Ticket.requester)
    return shown.with_only_columns(*_BRIEF, said_at())


def _longest_waiting(seer: User | Anyone, most: int) -> list[Brief]:
    return [Brief(*row) for row in db.rows(_unanswered(seer), me=seer.id, most=most)]


def _unsolved_by_assignee(seer: User | Anyone) -> dict[int | None, int]:
    by = (Ticket.status, Ticket.assignee_id)  # in this order an index has all that is asked for
    unsolved = visible_tickets(seer).where(Ticket.status.in_(UNSOLVED)).group_by(*by)
    found = Counter()
    for assignee, count in db.session.execute(unsolved.with_only_columns(Ticket.assignee_id, func.count())):
        found[assignee] += count
    return dict(found)


def _stats(seer: User | Anyone) -> Stats:
    cells = _cells(seer)
    unsolved = [cell for cell in cells if cell.status in UNSOLVED]
    due = visible_tickets(seer).where(awaits_us())
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


def _cells(seer: User | Anyone) -> list[Cell]:
    """All tickets in one pass, whatever their number: a few hundred cells, from which every figure is a sum."""
    by = (Ticket.status, Ticket.priority, Ticket.category, Ticket.assignee_id.is_not(None))
    took = _seconds(Ticket.resolved_at) - _seconds(Ticket.created_at)
    numbers = (func.count(), func.count(Ticket.resolved_at), func.coalesce(func.sum(took), 0))
    asked = visible_tickets(seer).with_only_columns(*by, *numbers).group_by(*by)
    return [Cell(*row) for row in slow_reads.rows(asked)]


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
