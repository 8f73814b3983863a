"""What a browser missed while it was away, out of the log: read for this person, drawn as it is now."""

from collections.abc import Iterable
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Integer, Select, bindparam, or_

from informejo import db, policy
from informejo.accounts.models import User
from informejo.built_once import built_once
from informejo.events import log
from informejo.events.models import Event
from informejo.live import fragments, payload, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.wire import Channel
from informejo.shelf import shelf
from informejo.tickets.models import Ticket

LISTS = ("queue", "desk")  # topics that every ticket touches
OWN = "user:"  # begins the topic of one person


class Missed(NamedTuple):
    """What happened while a browser was away: how many events, None if they cannot be told, and what it is sent."""

    events: int | None
    content: bytes
    as_of_here: bool = False  # whether nothing at all was written between `here` and the drawing


class _Shared(NamedTuple):
    """The same for everybody on pages of one kind but these `people`, whom the events touched.

    None: for nobody, because files are shown, and that one of them is lost stands in no event.
    """

    missed: Missed
    people: frozenset[int] | None


def missed(asked: str, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> Missed:
    """What happened after the browser's bookmark, up to `here`: whatever is newer comes live, or with the next answer.

    Where it cannot be told, the page is sent `reset` and loads itself again.
    """
    if not (asked and channels):
        return NOTHING  # somebody who asks for no past, or for nothing that is there
    bookmark = read(asked, here.epoch)
    if bookmark and bookmark.id == here.id:
        return NOTHING  # the newest there is: of a crowd that comes back, most have missed nothing
    known = bookmark and bookmark.id < here.id
    found = _missed_since(bookmark, here, channels, actor) if known else UNKNOWN
    return found._replace(content=wire.message("", id=here, event="reset")) if found.events is None else found


def _missed_since(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> Missed:
    """What lies between the two bookmarks.

    The staff see all tickets, so what they missed is made once for all of them, except those whom it touches: they are
    shown more. Only a list, which each of their pages listens to, looks at all events, and so knows whom they touch.
    """
    if channels[0].form == "html" and _lists(channels) and policy.may(actor, "desk.see"):
        of_all = tuple(channel for channel in channels if not channel.topic.startswith(OWN))
        key = ("missed", bookmark, here, actor.role, of_all)
        shared = shelf.one(key, lambda: _shared(bookmark, here, of_all, actor))
        if shared.people is not None and actor.id not in shared.people:
            return shared.missed
    return _drawn(_events(bookmark, here, channels, actor), channels)


def _shared(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> _Shared:
    events = _events(bookmark, here, channels, actor)
    if _show_files(events or (), channels):
        return _Shared(UNKNOWN, None)
    tickets = [event.ticket for event in events or () if event.ticket]
    touched = {id for ticket in tickets for id in (ticket.requester_id, ticket.assignee_id)}
    touched |= {event.user_id for event in events or ()} | {event.user_id for event in _of_people(bookmark, here)}
    missed = _drawn(events, channels)
    return _Shared(missed._replace(as_of_here=log.bookmark() == here), frozenset(touched))


def _show_files(events: Iterable[Event], channels: tuple[Channel, ...]) -> bool:
    on_ticket = any(channel.topic.startswith("ticket:") for channel in channels)
    texts = (text for event in events for text in (event.ticket, event.comment) if text)
    return on_ticket and any(text.attachments for text in texts)


def _drawn(events: list[Event] | None, channels: tuple[Channel, ...]) -> Missed:
    if not events:
        return UNKNOWN if events is None else NOTHING
    if channels[0].form == "json":
        return Missed(len(events), _each(events, channels[0]))
    parts = fragments.gather(events, channels)
    return Missed(len(events), wire.message(fragments.render(parts)) if parts else b"")


def _each(events: list[Event], channel: Channel) -> bytes:
    epoch = log.epoch()
    said = ((event, payload.of(event, channel)) for event in events)
    return b"".join(wire.message(one.text, id=Bookmark(epoch, event.id), event=one.name) for event, one in said if one)


def _events(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> list[Event] | None:
    """The events after `bookmark` and up to `here` that touch these channels, and one change of people at most.

    None when they are more than REPLAY_LIMIT.
    """
    limit = current_app.config["REPLAY_LIMIT"]
    shows_tickets = any(channel.form == "json" or channel.topic.startswith("ticket:") for channel in channels)
    needs = log.WHOLE if shows_tickets else log.BRIEF
    numbers = tuple(number for channel in channels if (number := policy.ticket_of(channel.topic)) is not None)
    own = any(channel.topic.startswith(OWN) for channel in channels)
    statement = _about(actor, len(numbers), _lists(channels), own, needs)
    names = {"me": actor.id, "here": here.id, **{f"ticket_{n}": number for n, number in enumerate(numbers)}}
    events = log.since(bookmark.id, statement, limit + 1, **names)
    return [*events, *_people_missed(bookmark, here, channels)] if len(events) <= limit else None


def _lists(channels: tuple[Channel, ...]) -> bool:
    return any(channel.topic in LISTS for channel in channels)


def _people_missed(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...]) -> list[Event]:
    """A change of somebody who stands on this page: one for all of them, as the page only loads itself again.

    Where too many changed to look at each, somebody on this page is taken to be among them.
    """
    people = _of_people(bookmark, here)
    too_many = len(people) > current_app.config["REPLAY_LIMIT"]
    shown = too_many or fragments.topics_showing(people, {channel.topic for channel in channels})
    return people[:1] if shown else []


def _of_people(bookmark: Bookmark, here: Bookmark) -> list[Event]:
    """Changes of people, the newest first: REPLAY_LIMIT at most, and one more to show that there are too many."""
    most = current_app.config["REPLAY_LIMIT"] + 1
    return list(db.session.scalars(_PEOPLE, {"after": bookmark.id, "here": here.id, "most": most}))


@built_once
def _about(actor, tickets: int, every: bool, own: bool, needs: tuple) -> Select:
    """Events the actor may see: of `every` ticket, or of so many `tickets` and, with `own`, of one's own."""
    touched = [Event.ticket_id == bindparam(f"ticket_{number}", type_=Integer) for number in range(tickets)]
    if own:
        touched.append(or_(Ticket.requester_id == actor.id, Ticket.assignee_id == actor.id))
    events = policy.visible_events(actor).join(Ticket, Ticket.id == Event.ticket_id)
    events = events if every else events.where(or_(*touched))
    return log.reading(events.where(Event.id <= bindparam("here")), needs)


_PEOPLE = (
    policy.people_events()
    .where(Event.id > bindparam("after"), Event.id <= bindparam("here"))
    .order_by(Event.id.desc())
    .limit(bindparam("most", type_=Integer))
)
NOTHING, UNKNOWN = Missed(0, b""), Missed(None, b"")
