"""Reading one ticket: its timeline, who has read what, and how many have news."""

from collections.abc import Collection
from datetime import datetime, timedelta
from typing import NamedTuple

from sqlalchemy import ColumnElement, Select, and_, func, or_, select
from sqlalchemy.orm import joinedload

from informejo import clock, db, policy
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.tickets.models import Comment, Reading, Ticket
from informejo.tickets.words import Status

RECENT = 100  # events a ticket page shows at least, if there are so many
UNREAD = 1_000  # unread ones it shows at most; the rest is folded away, and says that it is not read
SHOWN = (  # what drawing a timeline needs of its events, read with them
    joinedload(Event.actor),
    joinedload(Event.comment).joinedload(Comment.author),
    joinedload(Event.comment).selectinload(Comment.attachments),
)
AT_ONCE = 5_000  # tickets asked about in one statement: databases take no more than some 30,000 values
NEWS = timedelta(days=90)  # what happened longer ago counts as read: years of tickets need not be looked through


class Timeline(NamedTuple):
    """What a page shows of a ticket's log."""

    events: list[Event]  # oldest first
    folded: int  # how many older ones are left out
    unread: bool  # whether some of those are news


def timeline_for(actor: User, ticket: Ticket, seen: int, at: Comment | None = None, all: bool = False) -> Timeline:
    """The ticket's events the actor may see: the latest, all news since the event `seen`, and all since `at`."""
    events = policy.visible_events(actor).where(Event.ticket_id == ticket.id)

    def latest(most: int | None) -> list[Event]:
        statement = events.order_by(Event.id.desc()).limit(most).options(*SHOWN)
        return list(db.session.scalars(statement))[::-1]

    def number(after: int) -> int:
        return db.session.scalar(events.where(Event.id > after).with_only_columns(func.count(Event.id)))

    recent = latest(None if all else RECENT)
    if all or len(recent) < RECENT:
        return Timeline(recent, 0, False)
    news = number(seen)
    shown = max(RECENT, min(news, UNREAD), number(order_of(at) - 1) if at else 0)
    return Timeline(recent if shown == RECENT else latest(shown), max(0, number(0) - shown), news > shown)


def order_of(comment: Comment) -> int:
    """A comment's place in the timeline: the event that added it."""
    added = select(Event.id).where(Event.comment_id == comment.id, Event.name == EventName.COMMENT_ADDED)
    return db.session.scalar(added)


def with_people(people: Collection[int], tickets: Collection[int]) -> set[int]:
    """Of these tickets, those on whose page the requester sees one of these people.

    Who only wrote a note there is not one of them: a page that came to life for it would tell of the note.
    """
    tickets = list(tickets)
    some = [tickets[start : start + AT_ONCE] for start in range(0, len(tickets), AT_ONCE)]
    return {id for part in some for id in db.session.scalars(_with_people(people, part))}


def sent_before(kind: type[Ticket] | type[Comment], actor: User, key: str | None) -> Ticket | Comment | None:
    """What this person has sent under that once-only key."""
    author = kind.author_id if kind is Comment else kind.opened_by_id
    return key and db.session.scalar(select(kind).where(author == actor.id, kind.key == key))


def reading_of(user: User, ticket: Ticket) -> Reading | None:
    """How far `user` has read the ticket."""
    return db.session.get(Reading, (user.id, ticket.id))


def seen_by(user: User, ticket: Ticket) -> int:
    """The event up to which `user` has read the ticket; 0 before the first time."""
    reading = reading_of(user, ticket)
    return reading.event_id if reading else 0


def last_answer(ticket: Ticket) -> int:
    """The event of the last message, or change of one, that the requester has to read; 0 when there is none."""
    said = select(func.max(Event.id)).where(
        Event.ticket_id == ticket.id,
        Event.audience == Audience.REQUESTER,
        Event.name.in_((EventName.COMMENT_ADDED, EventName.COMMENT_EDITED)),
        Event.actor_id != ticket.requester_id,
    )
    return db.session.scalar(said) or 0


def reading_of_answer(ticket: Ticket) -> Reading | None:
    """When the requester read the last answer; None as long as they have not, or there is none."""
    reading, answer = reading_of(ticket.requester, ticket), last_answer(ticket)
    return reading if reading and 0 < answer <= reading.event_id else None


def awaits_us() -> ColumnElement[bool]:
    """Whether it is the desk's turn: nobody has answered what the requester said last."""
    author = _said().with_only_columns(Comment.author_id).order_by(Comment.id.desc()).limit(1).scalar_subquery()
    turn = Ticket.status.in_((Status.OPEN, Status.IN_PROGRESS))
    return and_(turn, func.coalesce(author, Ticket.requester_id) == Ticket.requester_id)


def said_at() -> ColumnElement[datetime]:
    """When the conversation with the requester went on last."""
    latest = _said().with_only_columns(func.max(Comment.created_at)).scalar_subquery()
    return func.coalesce(latest, Ticket.created_at)


def last_messages(audience: str, tickets: Collection[int]) -> dict[int, Comment]:
    """The last message, for this audience, of each of these tickets that has one; they may see the tickets."""
    ids = policy.comments_on(audience, tickets).group_by(Comment.ticket_id)
    latest = select(Comment).where(Comment.id.in_(ids.with_only_columns(func.max(Comment.id))))
    return {said.ticket_id: said for said in db.session.scalars(latest.options(joinedload(Comment.author)))}


def is_solved_by_requester(ticket: Ticket) -> bool:
    """Whether it was the requester's own word that it is solved, so that nobody need ask them."""
    return ticket.status == Status.RESOLVED and log.last_to_change(ticket, "status") == ticket.requester


def unread_for(actor: User) -> int:
    """How many of the actor's own concerns have news: tickets they asked for or were given."""
    latest = Ticket.last_event_id if policy.audience(actor) == Audience.STAFF else Ticket.last_public_event_id
    statement = (
        policy.visible_tickets(actor)
        .where(or_(Ticket.requester_id == actor.id, Ticket.assignee_id == actor.id), latest > old_news())
        .outerjoin(Reading, (Reading.ticket_id == Ticket.id) & (Reading.user_id == actor.id))
        .join(Event, Event.id == latest)
        .where(latest > func.coalesce(Reading.event_id, 0), Event.actor_id != actor.id)
        .with_only_columns(func.count(Ticket.id))
    )
    return db.session.scalar(statement)


def is_unread(actor: User, ticket: Ticket, seen: int) -> bool:
    """Whether somebody else did something to the ticket after the event `seen`, at which the actor's news begin."""
    latest = ticket.last_event_for(policy.audience(actor))
    return latest is not None and latest.id > seen and latest.actor_id != actor.id


def old_news() -> int:
    """Up to this event everything counts as read by everybody."""
    return made_at(clock.now() - NEWS)


def _said() -> Select:
    return select(Comment).where(Comment.ticket_id == Ticket.id, Comment.internal.is_(False)).correlate(Ticket)


def _with_people(people: Collection[int], tickets: Collection[int]) -> Select:
    own = or_(Ticket.requester_id.in_(people), Ticket.assignee_id.in_(people), Ticket.opened_by_id.in_(people))
    acted = select(Event.ticket_id).where(
        Event.ticket_id.in_(tickets), Event.actor_id.in_(people), Event.audience == Audience.REQUESTER
    )
    return select(Ticket.id).where(Ticket.id.in_(tickets), or_(own, Ticket.id.in_(acted)))
