"""Reading the audit: events and accesses in one list, newest first, as far as this administrator may know of them."""

from collections.abc import Iterator
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, select
from sqlalchemy.orm import joinedload

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.people_queries import PeopleFilter, people_for
from informejo.addresses import one_spelling
from informejo.audit.models import Access, AccessKind
from informejo.events.log import BRIEF
from informejo.events.models import Event

PAGE = 50  # entries on one page
LOOKED_THROUGH = 20_000  # entries that a filter of several parts looks through for one page
MOST_EXPORTED = 100_000  # entries in one file
AT_ONCE = 200  # entries read in one go for a file
FIRST = (2**62, 0)  # where the newest page begins


class AuditFilter(NamedTuple):
    """What is looked for; whatever is empty is anything."""

    actor: int | None = None  # who did it
    user: int | None = None  # to whom
    ticket: int | None = None  # to which ticket
    kind: str = ""  # an event's name, or an access's kind
    since: int = 0  # the id from which on
    until: int = 2**62  # and the one before which
    origin: str = ""  # the network address

    @property
    def parts(self) -> int:
        """How many things an entry has to be at once, beside having happened in time."""
        return sum(1 for part in (self.actor, self.user, self.ticket, self.kind, self.origin) if part)


class AuditPage(NamedTuple):
    """One page: its entries, and where the next begins, None at the end; `cut` where only so many were read."""

    entries: list[Event | Access]
    next: tuple[int, int] | None
    cut: bool


def audit_for(actor: User, filter: AuditFilter, before: tuple[int, int] = FIRST, most: int = PAGE) -> AuditPage:
    """The newest of what the filter lets through, before that place. Raises Forbidden for all but administrators.

    A filter of one part is read along its index. One of several may fit few of very many, so it is tried on 20,000
    entries at a time, and the page says that it goes on.
    """
    policy.require(actor, "audit.see")
    floor = _floor(filter, before[0]) if filter.parts > 1 else 0
    found = sorted((*_events(actor, filter, before, floor, most), *_accesses(filter, before, floor, most)), key=place)
    entries = found[::-1][:most]
    if len(found) > most:
        return AuditPage(entries, place(entries[-1]), cut=False)
    return AuditPage(entries, (floor, 0) if floor else None, cut=bool(floor))


def exported(actor: User, filter: AuditFilter) -> Iterator[list[Event | Access]]:
    """All of it, the newest 100,000, some at a time; between two of them no connection is held."""
    before, left = FIRST, MOST_EXPORTED
    while before and left > 0:
        page = audit_for(actor, filter, before, AT_ONCE)
        yield page.entries
        before, left = page.next, left - max(len(page.entries), 1)
        db.session.rollback()


def place(entry: Event | Access) -> tuple[int, int]:
    """Where an entry stands. Both have the moment for an id; of the same moment the event is the newer."""
    return entry.id, int(isinstance(entry, Event))


def _events(actor: User, filter: AuditFilter, before: tuple, floor: int, most: int) -> list[Event]:
    if filter.kind in tuple(AccessKind):
        return []
    events = policy.audited_events(actor).where(*_of_events(filter), *_between(Event.id, filter, before[0], floor))
    return list(db.session.scalars(_newest(events, Event.id, most).options(*BRIEF, joinedload(Event.user))))


def _accesses(filter: AuditFilter, before: tuple, floor: int, most: int) -> list[Access]:
    if filter.ticket or (filter.kind and filter.kind not in tuple(AccessKind)):
        return []
    until = before[0] + before[1]  # an access of the same moment as the event that ended the page comes after it
    accesses = select(Access).where(*_of_accesses(filter), *_between(Access.id, filter, until, floor))
    return list(db.session.scalars(_newest(accesses, Access.id, most).options(joinedload(Access.user))))


def _between(id, filter: AuditFilter, before: int, floor: int) -> tuple[ColumnElement[bool], ...]:
    # One bound on each side: of two, SQLite goes along the one and looks at every row for the other.
    return id < min(before, filter.until), id >= max(floor, filter.since)


def _newest(entries: Select, id, most: int) -> Select:
    return entries.order_by(id.desc()).limit(most + 1)


def _of_events(filter: AuditFilter) -> list[ColumnElement[bool]]:
    asked = (
        (Event.ticket_id, filter.ticket),
        (Event.user_id, filter.user),
        (Event.origin, filter.origin),
        (Event.actor_id, filter.actor),
        (Event.name, filter.kind),
    )
    return [column == value for column, value in asked if value]


def _of_accesses(filter: AuditFilter) -> list[ColumnElement[bool]]:
    asked = (
        (Access.user_id, filter.user),
        (Access.origin, filter.origin),
        (Access.user_id, filter.actor),
        (Access.kind, filter.kind),
    )
    return [column == value for column, value in asked if value]


def _floor(filter: AuditFilter, before: int) -> int:
    """The id down to which a filter of several parts is tried: each table is read along the index of its first part."""
    floors = [0]
    for id, conditions in ((Event.id, _of_events(filter)), (Access.id, _of_accesses(filter))):
        if conditions:
            along = select(id).where(conditions[0], id < min(before, filter.until), id >= filter.since)
            floors.append(db.session.scalar(along.order_by(id.desc()).offset(LOOKED_THROUGH).limit(1)) or 0)
    return max(floors)


def people_called(actor: User, words: str, most: int = 8) -> list[User]:
    """Whom somebody may mean who types a name or an address: one, several, or nobody."""
    policy.require(actor, "audit.see")
    exact = db.session.scalars(select(User).where(User.email == one_spelling(words))).all()
    if exact:
        return list(exact)
    return people_for(actor, PeopleFilter(words), most)
