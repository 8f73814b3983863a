"""Reading one ticket: its timeline, who has read what, and how many have news."""

from collections.abc import Collection, Iterable
from datetime import datetime, timedelta
from math import ceil, log2
from typing import NamedTuple

from sqlalchemy import ColumnElement, Integer, Select, and_, bindparam, func, or_, select
from sqlalchemy.orm import joinedload

from informejo import clock, db, policy
from informejo.accounts.models import User
from informejo.built_once import built_once
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.tickets.models import Attachment, Comment, Reading, Ticket
from informejo.tickets.words import Status

RECENT = 100  # events a ticket page shows at least, if there are so many
UNREAD = 1_000  # the most unread ones it makes room for; of older ones it says that they are folded away
SHOWN = (  # what drawing a timeline needs of its events, read with them
    joinedload(Event.actor),
    joinedload(Event.comment).joinedload(Comment.author),
    joinedload(Event.comment).selectinload(Comment.attachments),
)
_TICKET = bindparam("ticket")
_AUTHOR, _KEY = bindparam("author"), bindparam("key")
_SENT_BEFORE = select(
    select(Comment.id).where(Comment.author_id == _AUTHOR, Comment.key == _KEY).scalar_subquery(),
    select(Ticket.id).where(Ticket.opened_by_id == _AUTHOR, Ticket.key == _KEY).scalar_subquery(),
)
_READING = select(Reading.event_id, Reading.at).where(
    Reading.user_id == bindparam("user"), Reading.ticket_id == _TICKET
)
_ANSWER = select(func.max(Event.id)).where(
    Event.ticket_id == _TICKET,
    Event.audience == Audience.REQUESTER,
    Event.name.in_((EventName.COMMENT_ADDED, EventName.COMMENT_EDITED)),
    Event.actor_id != bindparam("requester"),
)
_READING_OF_ANSWER = _READING.where(Reading.event_id >= _ANSWER.scalar_subquery())
AT_ONCE = 5_000  # tickets asked about in one statement: databases take no more than some 30,000 values
NEWS = timedelta(days=90)  # what happened longer ago counts as read: years of tickets need not be looked through


class Read(NamedTuple):
    """How far one person has read a ticket, and since when they have read the last answer on it."""

    event_id: int
    at: datetime


class Sent(NamedTuple):
    """The message and the ticket that were sent under one once-only key; nearly always None."""

    comment: Comment | None
    ticket: Ticket | None


def timeline_for(actor: User, ticket: Ticket, most: int | None = None) -> list[Event]:
    """The latest `most` of the ticket's events that the actor may see, or all, oldest first."""
    values = {"me": actor.id, "ticket": ticket.id, "most": db.ALL if most is None else most}
    return list(db.session.scalars(_latest(actor), values))[::-1]


def count_events(actor: User, ticket: Ticket, after: int = 0) -> int:
    """How many of them there are after the event `after`."""
    return db.rows(_events_after(actor), me=actor.id, ticket=ticket.id, after=after)[0][0]


def worth_showing(actor: User, ticket: Ticket, seen: int, at: Comment | None) -> tuple[int, bool]:
    """How many of the latest events a page shows, so that all since the event `seen` and the message `at` are there.

    And whether some of the news are folded away, because they are too many.
    """
    news = count_events(actor, ticket, seen)
    since = count_events(actor, ticket, order_of(at) - 1) if at else 0
    shown = _step_for(max(RECENT, min(news, UNREAD), since))
    return shown, news > shown


def any_ticket() -> bool:
    """Whether anybody ever opened one, in the bin or not."""
    return db.session.scalar(select(Ticket.id).limit(1)) is not None


def _step_for(events: int) -> int:
    """The number rounded up to RECENT times a power of two, so that few different drawings fill the shelf."""
    return RECENT * 2 ** ceil(log2(events / RECENT))


def order_of(comment: Comment) -> int:
    """A comment's place in the timeline: the event that added it."""
    added = select(Event.id).where(Event.comment_id == comment.id, Event.name == EventName.COMMENT_ADDED)
    return db.session.scalar(added)


def with_people(people: Collection[int], tickets: Collection[int]) -> set[int]:
    """Of these tickets, those on whose page the requester sees one of these people.

    Who only wrote a note there does not count: the page would load itself again for it, and so tell of the note.
    """
    tickets = list(tickets)
    some = [tickets[start : start + AT_ONCE] for start in range(0, len(tickets), AT_ONCE)]
    return {id for part in some for id in db.session.scalars(_with_people(people, part))}


def follow_ups(ticket_id: int, among: Collection[int]) -> list[Ticket]:
    """The tickets that follow this one, of those with these ids, whoever asks."""
    some = [list(among)[start : start + AT_ONCE] for start in range(0, len(among), AT_ONCE)]
    following = select(Ticket).where(Ticket.follows_id == ticket_id)
    return [ticket for part in some for ticket in db.session.scalars(following.where(Ticket.id.in_(part)))]


def that_follow(numbers: Iterable[int]) -> list[Ticket]:
    """Of the tickets with these numbers those that follow another, whoever asks."""
    return list(db.session.scalars(select(Ticket).where(Ticket.id.in_(list(numbers)), Ticket.follows_id.is_not(None))))


def ticket_of_comment(id: int) -> int | None:
    """The number of the ticket a message is on, whoever asks; None without such a message."""
    return _number(select(Comment.ticket_id).where(Comment.id == id))


def ticket_of_file(token: str) -> int | None:
    """The number of the ticket a file is on, whoever asks; None without such a file."""
    return _number(select(Attachment.ticket_id).where(Attachment.token == token))


def sent_before(actor: User, key: str | None) -> Sent:
    """What this person has sent under that once-only key."""
    comment, ticket = db.rows(_SENT_BEFORE, author=actor.id, key=key)[0] if key else (None, None)
    return Sent(comment and db.session.get(Comment, comment), ticket and db.session.get(Ticket, ticket))


def said_before(actor: User, ticket: Ticket, body: str, internal: bool, key: str | None) -> Comment | None:
    """What this person has said there under that key, if it was in these words; its files are not looked at."""
    earlier, said = sent_before(actor, key).comment, {"ticket": ticket, "body": body, "internal": internal}
    return earlier if earlier and log.as_it_was(earlier, said) == said else None


def reading_of(user: User, ticket: Ticket) -> Read | None:
    """How far `user` has read the ticket."""
    found = db.rows(_READING, user=user.id, ticket=ticket.id)
    return Read(*found[0]) if found else None


def seen_by(user: User, ticket: Ticket) -> int:
    """The event up to which `user` has read the ticket; 0 before the first time."""
    reading = reading_of(user, ticket)
    return reading.event_id if reading else 0


def last_answer(ticket: Ticket) -> int:
    """The event of the last message, or change of one, that the requester has to read; 0 when there is none."""
    return db.rows(_ANSWER, ticket=ticket.id, requester=ticket.requester_id)[0][0] or 0


def reading_of_answer(ticket: Ticket) -> Read | None:
    """When the requester read the last answer; None as long as they have not, or there is none."""
    found = db.rows(_READING_OF_ANSWER, user=ticket.requester_id, requester=ticket.requester_id, ticket=ticket.id)
    return Read(*found[0]) if found else None


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
    """The last message, for this audience, of each of these tickets that has one; all of them are visible to it."""
    ids = policy.comments_on(audience, tickets).group_by(Comment.ticket_id)
    latest = select(Comment).where(Comment.id.in_(ids.with_only_columns(func.max(Comment.id))))
    return {said.ticket_id: said for said in db.session.scalars(latest.options(joinedload(Comment.author)))}


def is_solved_by_requester(ticket: Ticket) -> bool:
    """Whether the requester themselves said that it is solved, so that nobody need ask them."""
    return ticket.status == Status.RESOLVED and log.last_to_change(ticket, "status") == ticket.requester


def unread_for(actor: User) -> int:
    """How many of the tickets that the actor asked for or was given have news."""
    return db.rows(_unread(actor), me=actor.id, old=old_news())[0][0]


def old_news() -> int:
    """Up to this event everything counts as read by everybody."""
    return made_at(clock.now() - NEWS)


def _number(statement: Select) -> int | None:
    try:
        return db.session.scalar(statement)
    except OverflowError:  # an id that no row can have
        return None


def _said() -> Select:
    return select(Comment).where(Comment.ticket_id == Ticket.id, Comment.internal.is_(False)).correlate(Ticket)


@built_once
def _timeline(actor) -> Select:
    return policy.visible_events(actor).where(Event.ticket_id == _TICKET)


@built_once
def _latest(actor) -> Select:
    return _timeline(actor).order_by(Event.id.desc()).limit(bindparam("most", type_=Integer)).options(*SHOWN)


@built_once
def _events_after(actor) -> Select:
    return _timeline(actor).where(Event.id > bindparam("after")).with_only_columns(func.count(Event.id))


@built_once
def _unread(actor) -> Select:
    latest, me = Ticket.last_event_id_for(policy.audience(actor)), bindparam("me")
    return (
        policy.visible_tickets(actor)
        .where(or_(Ticket.requester_id == me, Ticket.assignee_id == me), latest > bindparam("old"))
        .outerjoin(Reading, (Reading.ticket_id == Ticket.id) & (Reading.user_id == me))
        .join(Event, Event.id == latest)
        .where(latest > func.coalesce(Reading.event_id, 0), Event.actor_id != me)
        .with_only_columns(func.count(Ticket.id))
    )


def _with_people(people: Collection[int], tickets: Collection[int]) -> Select:
    own = or_(Ticket.requester_id.in_(people), Ticket.assignee_id.in_(people), Ticket.opened_by_id.in_(people))
    acted = select(Event.ticket_id).where(
        Event.ticket_id.in_(tickets), Event.actor_id.in_(people), Event.audience == Audience.REQUESTER
    )
    return select(Ticket.id).where(Ticket.id.in_(tickets), or_(own, Ticket.id.in_(acted)))
