"""Lists of tickets: what fits a filter, in which order, a page at a time, however many there are."""

from collections.abc import Callable, Collection
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, bindparam, case, func, or_, select
from sqlalchemy.orm import joinedload

from informejo import db, policy, slow_reads
from informejo.accounts.models import User
from informejo.built_once import Anyone
from informejo.events.log import Standing
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.paging import nearest_page
from informejo.shelf import shelf
from informejo.tickets import search_queries
from informejo.tickets.filters import GROUPS, TicketFilter
from informejo.tickets.models import Comment, Reading, Ticket
from informejo.tickets.queries import awaits_us, last_messages, old_news
from informejo.tickets.sight_queries import seeing_as, sight
from informejo.tickets.words import UNSOLVED, Priority

PAGE = 50  # tickets on one page of a list
LAST_PAGE = 1_000  # what is further back is found by a search
LEAFED = 1_000  # tickets of a list that can be gone through one after the other
MOST_FOUND = 1_000  # tickets a search finds; who gets so many asks more exactly
_URGENCY = case({word: rank for rank, word in enumerate(Priority)}, value=Ticket.priority)
_READ_BY = select(Reading.ticket_id, Reading.event_id).where(
    Reading.user_id == bindparam("me"), Reading.ticket_id.in_(bindparam("tickets", expanding=True))
)
_BY = select(Event.id, Event.actor_id).where(Event.id.in_(bindparam("events", expanding=True)))


class Listed(NamedTuple):
    """One ticket in a list: by which of its events it stands there, and what is personal about it."""

    id: int
    last: int  # the newest event that the viewer's audience may see
    seen: int  # the last one the viewer has read, 0 for never
    unread: bool


class TicketPage(NamedTuple):
    """One page of a list: its tickets, its number from 1, whether there is another after it, and how many in all."""

    tickets: list[Listed]
    number: int
    more: bool
    total: int


class _List(NamedTuple):
    """Which list it is: who sees what is in it, who `me` is in its filter, and that filter."""

    seer: User | Anyone
    me: int
    filter: TicketFilter


class _Found(NamedTuple):
    """The same for all who see the same list: each ticket as its id, its newest event, and whose doing that was."""

    tickets: tuple[tuple[int, int, int | None], ...]
    number: int
    total: int


def tickets_for(
    actor: User, standing: Standing, filter: TicketFilter, page: int | None = 1, most: int = PAGE
) -> TicketPage:
    """The actor's tickets that fit the filter, `most` on a page. A page that cannot be is the nearest that can.

    What a list holds the log alone decides, so it is kept as long as the log stands where it stood (`standing`).
    """
    page = min(max(page or 1, 1), LAST_PAGE)  # a number that is no page gets no key of its own
    key = ("list", *_view(actor, standing, filter), page, most)
    found = shelf.one(key, lambda: _found_page(_list(actor, standing, filter), page, most))
    seen = dict(map(tuple, db.rows(_READ_BY, me=actor.id, tickets=[id for id, _, _ in found.tickets])))
    old = old_news()
    tickets = [
        Listed(id, last, seen.get(id, 0), (last or 0) > max(seen.get(id, 0), old) and by != actor.id)
        for id, last, by in found.tickets
    ]
    return TicketPage(tickets, found.number, found.total > found.number * most, found.total)


def beside(actor: User, standing: Standing, filter: TicketFilter, ticket: Ticket) -> tuple[int | None, int | None]:
    """The tickets before and after this one in that list, as far as people leaf; None where there is none."""
    ids = shelf.one(("leafed", *_view(actor, standing, filter)), lambda: _leafed(_list(actor, standing, filter)))
    if ticket.id not in ids:
        return None, None
    at = ids.index(ticket.id)
    return ids[at - 1] if at else None, ids[at + 1] if at + 1 < len(ids) else None


def listed_tickets(audience: str, ids: Collection[int]) -> list[tuple[Ticket, Comment | None]]:
    """Tickets of a list that was found for somebody of this audience, with all that drawing them in it needs."""
    tickets = select(Ticket).where(Ticket.id.in_(ids)).execution_options(populate_existing=True)
    people = joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(Ticket.last_event_for(audience))
    said = last_messages(audience, ids)
    return [(ticket, said.get(ticket.id)) for ticket in db.session.scalars(tickets.options(*people))]


def has_tickets(actor: User, standing: Standing, **fields: str) -> bool:
    """Whether there is any ticket in that list of the actor's, even an old one."""
    filter = TicketFilter(**fields)
    return shelf.one(("any", *_view(actor, standing, filter)), lambda: _has_any(_list(actor, standing, filter)))


def binned(actor: User) -> list[Ticket]:
    """Deleted tickets, the latest first."""
    tickets = policy.binned_tickets(actor).options(joinedload(Ticket.requester)).order_by(Ticket.deleted_at.desc())
    return list(db.session.scalars(tickets.limit(PAGE)))


def news_for(actor: User, filter: TicketFilter, since: int, shown: Collection[int] = ()) -> int:
    """How many tickets came into the list after the event `since`, beside those it shows: new ones, and others that
    fit the filter by now."""
    latest = policy.visible_events(actor).where(Event.id > since).with_only_columns(Event.ticket_id)
    back = latest.where(Event.name == EventName.TICKET_RESTORED)  # its row was taken away meanwhile
    changed = [_changed(field) for field in (*filter.fields, *_fields_of_sight(actor))]
    names = (EventName.TICKET_CREATED, *(search_queries.SAYING if filter.q or filter.status == "due" else ()))
    came = latest.where(or_(Event.name.in_(names), *changed))
    entrusted = Ticket.confidential & Ticket.id.in_(latest.where(or_(_changed("named"), _changed("assignee"))))
    new = or_(Ticket.id.in_(back), or_(Ticket.id.in_(came), entrusted) & Ticket.id.not_in(shown))
    matching = _matching(_List(actor, actor.id, filter))
    return db.session.scalar(matching.where(new).with_only_columns(func.count(Ticket.id)))


def _changed(field: str) -> ColumnElement[bool]:
    return Event.changes[field].as_string().is_not(None)


def _fields_of_sight(actor: User) -> tuple[str, ...]:
    """What brings this person a ticket into sight, beside being entrusted with a confidential one."""
    if not actor.is_staff:
        return ()
    return ("confidential", "team", "assignee") if actor.narrowed else ("confidential",)


def _view(actor: User, standing: Standing, filter: TicketFilter) -> tuple:
    """Where the log stands, and who sees this list: all who see alike the same one, unless it is about themselves."""
    me = "me" in (filter.assignee, filter.requester) and actor.id
    return standing, sight(actor, standing), me, filter


def _list(actor: User, standing: Standing, filter: TicketFilter) -> _List:
    return _List(seeing_as(actor, standing), actor.id, filter)


def _found_page(which: _List, page: int, most: int) -> _Found:
    matching, read = _matching(which), _read_with(which)
    ((total,),) = read(matching.with_only_columns(func.count(Ticket.id)))
    number = nearest_page(page, total, most)
    # Sorted and cut as bare ids: SQLite would carry what else is asked of every ticket through the sort.
    shown = matching.with_only_columns(Ticket.id, _activity(which.seer)).order_by(*_order(which))
    shown = [tuple(row) for row in read(shown.limit(most).offset((number - 1) * most))]
    by = dict(map(tuple, db.rows(_BY, events=[last for _, last in shown])))
    return _Found(tuple((id, last, by.get(last)) for id, last in shown), number, total)


def _has_any(which: _List) -> bool:
    return bool(slow_reads.rows(_matching(which).with_only_columns(Ticket.id).limit(1)))


def _leafed(which: _List) -> tuple[int, ...]:
    ids = _matching(which).with_only_columns(Ticket.id).order_by(*_order(which))
    return tuple(id for (id,) in _read_with(which)(ids.limit(LEAFED)))


def _matching(which: _List) -> Select:
    seer, me, filter = which
    tickets = policy.visible_tickets(seer)
    if filter.status == "due":
        tickets = tickets.where(awaits_us())
    elif filter.status:
        tickets = tickets.where(Ticket.status.in_(UNSOLVED if filter.status == "unsolved" else [filter.status]))
    if filter.priority:
        tickets = tickets.where(Ticket.priority == filter.priority)
    if filter.category:
        tickets = tickets.where(Ticket.category == filter.category)
    if filter.assignee:
        tickets = tickets.where(Ticket.assignee_id == _id(filter.assignee, me))
    if filter.requester:
        tickets = tickets.where(Ticket.requester_id == _id(filter.requester, me))
    if filter.team and seer.is_staff:  # of which team a ticket is its requester does not know
        tickets = tickets.where(Ticket.team_id == _id(filter.team))
    return tickets.where(Ticket.id.in_(_found(seer, tickets, filter.q))) if filter.q else tickets


def _are_few(which: _List) -> bool:
    """Whether an index leads to the tickets, however many a desk has gathered: those that wait, or one person's."""
    filter, waiting = which.filter, which.filter.status in (*GROUPS, *UNSOLVED)
    return waiting or filter.assignee not in ("", "none") or bool(filter.requester) or not which.seer.is_staff


def _read_with(which: _List) -> Callable[[Select], list]:
    return db.rows if _are_few(which) else slow_reads.rows


def _found(seer: User | Anyone, tickets: Select, words: str) -> list[int]:
    """Those of `tickets` that say these words, the most recently active. No index helps: it is read beside the loop."""
    saying = tickets.where(search_queries.says(seer, words)).order_by(_activity(seer).desc()).limit(MOST_FOUND)
    return [id for (id,) in slow_reads.rows(saying.with_only_columns(Ticket.id))]


def _activity(seer: User | Anyone):
    return Ticket.last_event_id_for(policy.audience(seer))


def _order(which: _List):
    # With + 0 SQLite sorts the few, instead of walking through all tickets in this order to meet enough of them.
    activity, id = _activity(which.seer), Ticket.id
    activity, id = (activity + 0, id + 0) if _are_few(which) else (activity, id)
    return {
        "activity": (activity.desc(),),
        "newest": (id.desc(),),
        "oldest": (id,),
        "priority": (_URGENCY.desc(), activity.desc()),
    }[which.filter.sort]


def _id(word: str, me: int | None = None) -> int | None:
    return {"me": me, "none": None}.get(word) if word in ("me", "none") else int(word)
