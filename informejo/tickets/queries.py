"""Reading tickets: lists by filter, the timeline of one, who has read what."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import NamedTuple
from urllib.parse import urlencode

from sqlalchemy import Select, case, func, or_, select
from sqlalchemy.orm import joinedload

from informejo import limits, policy
from informejo.accounts.models import User
from informejo.db import db
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.text import clean_line
from informejo.tickets.models import Comment, Reading, Ticket
from informejo.tickets.words import UNSOLVED, Category, Priority, Status

PAGE = 50  # tickets on one page of a list
LAST_PAGE = 1_000  # further back nobody leafs: a search finds it
RECENT = 100  # events a ticket page shows at first
SORTS = {"activity": "Last activity", "newest": "Newest", "oldest": "Oldest", "priority": "Most urgent"}
_URGENCY = case({word: rank for rank, word in enumerate(Priority)}, value=Ticket.priority)


@dataclass(frozen=True)
class TicketFilter:
    """What a list shows, as a value: page, count, live nudge and address all read the same one."""

    status: str = ""  # a status, `unsolved`, or empty for all
    priority: str = ""
    category: str = ""
    assignee: str = ""  # a user's id, `me`, `none`, or empty for all
    requester: str = ""  # a user's id, `me`, or empty for all
    q: str = ""
    sort: str = "activity"

    @classmethod
    def read(cls, fields: Mapping[str, str], **defaults) -> "TicketFilter":
        """From an address; a value that means nothing is as good as none."""
        given = {name: fields[name] for name in cls.__dataclass_fields__ if name in fields}
        filter = cls(**{**defaults, **given})
        return replace(
            filter,
            status=filter.status if filter.status in ("unsolved", *Status) else "",
            priority=filter.priority if filter.priority in tuple(Priority) else "",
            category=filter.category if filter.category in tuple(Category) else "",
            assignee=filter.assignee if _is_person(filter.assignee) else "",
            requester=filter.requester if _is_person(filter.requester) else "",
            q=clean_line(filter.q)[: limits.SEARCH.most],
            sort=filter.sort if filter.sort in SORTS else "activity",
        )

    @property
    def address(self) -> str:
        """The same filter as a query string, empty parts left out."""
        fields = {name: getattr(self, name) for name in self.__dataclass_fields__}
        return urlencode({name: value for name, value in fields.items() if value or name == "status"})


class Listed(NamedTuple):
    """One ticket in a list, with what is personal about it kept apart from what all readers share."""

    ticket: Ticket
    seen: int  # last event the viewer has read, 0 for never
    unread: bool


class TicketPage(NamedTuple):
    """One page of a list: its tickets, its number from 1, and whether there is another after it."""

    tickets: list[Listed]
    number: int
    more: bool


def tickets_for(actor: User, filter: TicketFilter, page: int | None = 1, most: int = PAGE) -> TicketPage:
    """The actor's tickets that fit the filter, `most` on a page. A page that cannot be is the nearest that can."""
    number = min(max(page or 1, 1), LAST_PAGE)
    latest = Ticket.last_event if policy.audience(actor) == Audience.STAFF else Ticket.last_public_event
    order = _order(actor, filter.sort)
    # Sorted and cut as bare ids: SQLite would carry every ticket with its people through the sort.
    shown = _matching(actor, filter).with_only_columns(Ticket.id).order_by(*order).limit(most + 1)
    statement = (
        select(Ticket, func.coalesce(Reading.event_id, 0))
        .where(Ticket.id.in_(shown.offset((number - 1) * most)))
        .outerjoin(Reading, (Reading.ticket_id == Ticket.id) & (Reading.user_id == actor.id))
        .options(joinedload(Ticket.requester), joinedload(Ticket.assignee), joinedload(latest))
        .order_by(*order)
    )
    found = [Listed(ticket, seen, _unread(actor, ticket, seen)) for ticket, seen in db.session.execute(statement)]
    return TicketPage(found[:most], number, len(found) > most)


def count_for(actor: User, filter: TicketFilter) -> int:
    """How many of the actor's tickets fit the filter, on all pages together."""
    return db.session.scalar(_matching(actor, filter).with_only_columns(func.count(Ticket.id)))


def binned(actor: User) -> list[Ticket]:
    """Deleted tickets, the latest first."""
    tickets = policy.binned_tickets(actor).options(joinedload(Ticket.requester)).order_by(Ticket.deleted_at.desc())
    return list(db.session.scalars(tickets.limit(PAGE)))


def news_for(actor: User, filter: TicketFilter, since: int) -> int:
    """How many tickets that fit the filter were opened after the event `since`."""
    opened = select(Event.ticket_id).where(Event.id > since, Event.name == EventName.TICKET_CREATED)
    matching = _matching(actor, filter).where(Ticket.id.in_(opened)).with_only_columns(func.count(Ticket.id))
    return db.session.scalar(matching)


def timeline_for(actor: User, ticket: Ticket, all: bool = False) -> tuple[list[Event], int]:
    """The ticket's events the actor may see, oldest first, and how many older ones were left out."""
    events = policy.visible_events(actor).where(Event.ticket_id == ticket.id)
    statement = events.order_by(Event.id.desc()).options(
        joinedload(Event.actor),
        joinedload(Event.comment).joinedload(Comment.author),
        joinedload(Event.comment).selectinload(Comment.attachments),
    )
    recent = list(db.session.scalars(statement if all else statement.limit(RECENT)))[::-1]
    if len(recent) < RECENT or all:
        return recent, 0
    return recent, db.session.scalar(events.with_only_columns(func.count(Event.id))) - len(recent)


def order_of(comment: Comment) -> int:
    """A comment's place in the timeline: the event that added it."""
    added = select(Event.id).where(Event.comment_id == comment.id, Event.name == EventName.COMMENT_ADDED)
    return db.session.scalar(added)


def reading_of(user: User, ticket: Ticket) -> Reading | None:
    """How far `user` has read the ticket."""
    return db.session.get(Reading, (user.id, ticket.id))


def unread_for(actor: User) -> int:
    """How many of the actor's own concerns have news: tickets they asked for or were given."""
    latest = Ticket.last_event_id if policy.audience(actor) == Audience.STAFF else Ticket.last_public_event_id
    statement = (
        policy.visible_tickets(actor)
        .where(or_(Ticket.requester_id == actor.id, Ticket.assignee_id == actor.id))
        .outerjoin(Reading, (Reading.ticket_id == Ticket.id) & (Reading.user_id == actor.id))
        .join(Event, Event.id == latest)
        .where(Event.id > func.coalesce(Reading.event_id, 0), Event.actor_id != actor.id)
        .with_only_columns(func.count(Ticket.id))
    )
    return db.session.scalar(statement)


def _matching(actor: User, filter: TicketFilter) -> Select:
    tickets = policy.visible_tickets(actor)
    if filter.status:
        tickets = tickets.where(Ticket.status.in_(UNSOLVED if filter.status == "unsolved" else [filter.status]))
    if filter.priority:
        tickets = tickets.where(Ticket.priority == filter.priority)
    if filter.category:
        tickets = tickets.where(Ticket.category == filter.category)
    if filter.assignee:
        tickets = tickets.where(Ticket.assignee_id == _person(actor, filter.assignee))
    if filter.requester:
        tickets = tickets.where(Ticket.requester_id == _person(actor, filter.requester))
    return tickets.where(_says(filter.q)) if filter.q else tickets


def _says(words: str):
    number = words.removeprefix("#")
    found = [Ticket.title.icontains(words, autoescape=True), Ticket.description.icontains(words, autoescape=True)]
    found.append(Ticket.requester.has(User.name.icontains(words, autoescape=True)))
    if number.isascii() and number.isdecimal() and len(number) < 12:
        found.append(Ticket.id == int(number))
    return or_(*found)


def _order(actor: User, sort: str):
    staff = policy.audience(actor) == Audience.STAFF
    activity = (Ticket.last_event_id if staff else Ticket.last_public_event_id).desc()
    return {
        "activity": (activity,),
        "newest": (Ticket.id.desc(),),
        "oldest": (Ticket.id,),
        "priority": (_URGENCY.desc(), activity),
    }[sort]


def _person(actor: User, word: str) -> int | None:
    return {"me": actor.id, "none": None}.get(word) if word in ("me", "none") else int(word)


def _is_person(word: str) -> bool:
    return word in ("me", "none") or (word.isascii() and word.isdecimal() and len(word) < 12)


def _unread(actor: User, ticket: Ticket, seen: int) -> bool:
    latest = ticket.last_event_for(policy.audience(actor))
    return latest is not None and latest.id > seen and latest.actor_id != actor.id
