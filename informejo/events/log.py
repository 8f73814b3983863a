"""The log: events are recorded here, in the transaction of the change, and read here, in id order."""

from collections.abc import Iterable, Sequence
from contextvars import ContextVar
from typing import NamedTuple

from sqlalchemy import Integer, Select, bindparam, func, insert, or_, select, update
from sqlalchemy.orm import joinedload
from sqlalchemy.orm.attributes import set_committed_value

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Audience, Event, LogEpoch
from informejo.events.names import BESIDE, EventName
from informejo.live.bookmark import Bookmark
from informejo.tickets.models import Attachment, Comment, Ticket

# What drawing an event needs, read with it: one query instead of six for each event of a replay. Lists need less.
# Left out, because the session has them already: the author of its message, who is its actor, and its ticket's last
# event, which is nearly always one of those that are read.
BRIEF = (
    joinedload(Event.actor),
    joinedload(Event.comment),
    joinedload(Event.ticket).options(joinedload(Ticket.requester), joinedload(Ticket.assignee)),
)
WHOLE = (*BRIEF, joinedload(Event.comment).joinedload(Comment.attachments))
MOST_EDITS = 1_000  # of one text that are looked back on
# Built once: whoever builds a statement for each question pays several times for it what the database takes.
_log = Event.__table__.c
_WORD = select(LogEpoch.__table__.c.word).limit(1)
_NEWEST = select(func.max(_log.id))
_OF_PEOPLE = _NEWEST.where(_log.ticket_id.is_(None))
_CONFIDED = select(Ticket.__table__.c.id).where(Ticket.__table__.c.confidential).exists()
STANDING = select(*(part.scalar_subquery() for part in (_WORD, _NEWEST, _OF_PEOPLE)), _CONFIDED)  # what Standing holds
_ADDED = insert(Event.__table__).returning(_log.id, sort_by_parameter_order=True)
_came_from: ContextVar["Origin"] = ContextVar("where a request came from")  # each greenlet has one of its own
_MOVE = update(Ticket.__table__).where(Ticket.__table__.c.id == bindparam("its"))


class Origin(NamedTuple):
    """Where a request came from: its network address, and the browser in words."""

    address: str = ""
    agent: str = ""


NOWHERE = Origin()  # a command, or work that nobody asked for


def come_from(origin: Origin):
    """Whatever is recorded from here on came from there, until it is said again."""
    _came_from.set(origin)


def came_from() -> Origin:
    """Where what happens just now came from."""
    return _came_from.get(NOWHERE)


def record(
    name: EventName,
    actor: User | None,
    *,
    audience: Audience,
    changes: dict | None = None,
    ticket: Ticket | None = None,
    comment: Comment | None = None,
    attachment: Attachment | None = None,
    user: User | None = None,
    batch: Event | None = None,
) -> Event:
    """Write one event into the current transaction, about any of those that it names.

    `changes` maps a field to its [old, new] value. `batch` is the event that this one belongs to, with which it can be
    undone. Event ids stand in commit order: see `ids`.
    """
    db.session.flush()  # what it is about needs its id, and what is wrong with the rows should show here
    about = {"actor": actor, "ticket": ticket, "comment": comment, "attachment": attachment, "user": user}
    ids = {f"{kind}_id": thing and thing.id for kind, thing in about.items()}
    event = Event(name=name, audience=audience, changes=changes or {}, batch=batch and batch.id, **ids)
    event.origin = came_from().address
    db.insert(event)
    if ticket is not None and name not in BESIDE:
        _move_activity(ticket, event)
    db.session.info.setdefault("recorded", []).append(event)  # commit() rings the bell for it
    return event


def record_all(
    name: EventName,
    actor: User | None,
    changed: Sequence[tuple[Ticket, dict, User | None]],
    *,
    audience: Audience,
    batch: Event | None = None,
):
    """One event for each ticket, with its changes and whom it is about, in two statements: thousands cost as tens did.

    `commit` does not return them; one that is recorded by itself rings the bell.
    """
    if not changed:
        return
    db.session.flush()
    same = {"name": name, "audience": audience, "actor_id": actor and actor.id, "batch": batch and batch.id}
    same["origin"] = came_from().address
    rows = [
        {**same, "ticket_id": ticket.id, "changes": changes, "user_id": user and user.id}
        for ticket, changes, user in changed
    ]
    connection, marks = db.session.connection(), _marks(audience)
    ids = list(connection.execute(_ADDED, rows).scalars())
    moved = [{"its": ticket.id, **dict.fromkeys(marks, id)} for (ticket, *_), id in zip(changed, ids, strict=True)]
    connection.execute(_MOVE, moved)
    for (ticket, *_), id in zip(changed, ids, strict=True):
        for mark in marks:
            set_committed_value(ticket, mark, id)


def _marks(audience: Audience) -> list[str]:
    """Timing is content: a note must not move what the requester sees, so the two audiences have a mark each."""
    return ["last_event_id", "last_public_event_id"] if audience == Audience.REQUESTER else ["last_event_id"]


def _move_activity(ticket: Ticket, event: Event):
    marks = _marks(event.audience)
    db.session.connection().execute(_MOVE, {"its": ticket.id, **dict.fromkeys(marks, event.id)})
    for mark in marks:
        set_committed_value(ticket, mark, event.id)


def epoch() -> str:
    """The word that names this life of the log."""
    return db.session.scalar(_WORD) or "none"


class Standing(NamedTuple):
    """Where the log stands. Whatever the log alone decides is the same as long as these are: see `shelf`."""

    epoch: str | None
    latest: int | None  # the newest event's id
    people: int | None  # that of the newest one that is of no ticket: a change of people, of whom each page shows some
    confided: bool = False  # whether any ticket is confidential; where none is, all of the staff see the same

    @property
    def bookmark(self) -> Bookmark:
        """Where a reader stands who has read all of it."""
        return Bookmark(self.epoch or "none", self.latest or 0)


def standing() -> Standing:
    """Where the log stands now. Take it *before* reading what is shown, or what is kept under it."""
    return Standing(*db.rows(STANDING)[0])


def bookmark() -> Bookmark:
    """The same for those who only follow it."""
    return standing().bookmark


def reading(events: Select, needs=WHOLE) -> Select:
    """Of these events the first `most` after the event `after`, oldest first, read with what drawing them `needs`."""
    after = events.where(Event.id > bindparam("after")).order_by(Event.id)
    return after.limit(bindparam("most", type_=Integer)).options(*needs)


def since(id: int, statement: Select | None = None, limit: int = db.ALL, **names) -> list[Event]:
    """The events after `id`, by default of all; `names` are what the statement leaves open."""
    asked = {"after": id, "most": limit, **names}
    return list(db.session.scalars(_EVERYTHING if statement is None else statement, asked).unique())


def news(id: int, limit: int) -> list[tuple[Event, str]]:
    """The first events after `id`, each with the word that names this life of the log."""
    found = db.session.execute(_NEWS, {"after": id, "most": limit}).unique()
    return [(event, word or "none") for event, word in found]


def same_minute(event: Event, audience: Audience) -> list[Event]:
    """What happened to the same ticket in the same minute, up to that event, as far as this audience may know."""
    begin = event.at.replace(second=0, microsecond=0)
    events = select(Event).where(Event.ticket_id == event.ticket_id, Event.id <= event.id, Event.at >= begin)
    if audience != Audience.STAFF:
        events = events.where(Event.audience == Audience.REQUESTER)
    return list(db.session.scalars(events.order_by(Event.id).options(joinedload(Event.actor))))


def count_after(id: int) -> int:
    """How many events there are after `id`."""
    return db.session.scalar(select(func.count(Event.id)).where(Event.id > id))


def as_it_was(thing: Ticket | Comment, fields: Iterable[str], edits: int | None = None) -> dict | None:
    """What these fields held so many edits of them ago, by default when the thing was new, as the log kept it.

    None when there have not been so many.
    """
    if edits is not None and not 0 <= edits < MOST_EDITS:
        return None
    of = Event.comment_id == thing.id if isinstance(thing, Comment) else Event.ticket_id == thing.id
    changed = or_(*(Event.changes[field].as_string().is_not(None) for field in fields))
    events = list(db.session.scalars(select(Event).where(of, changed).order_by(Event.id.desc()).limit(edits)))
    values = {field: getattr(thing, field) for field in fields}
    for event in events:
        values |= {field: old for field, (old, _new) in event.changes.items() if field in values}
    return values if edits in (None, len(events)) else None


def last_to_change(ticket: Ticket, field: str) -> User | None:
    """Who changed that field of the ticket last."""
    updates = select(Event).where(Event.ticket_id == ticket.id, Event.changes[field].as_string().is_not(None))
    event = db.session.scalar(updates.order_by(Event.id.desc()).limit(1))
    return event.actor if event else None


_EVERYTHING = reading(select(Event))
_NEWS = _EVERYTHING.add_columns(_WORD.scalar_subquery())
