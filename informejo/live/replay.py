"""What a browser missed while it was away, out of the log: read for this person, drawn as it is now."""

from collections.abc import Iterable
from typing import NamedTuple

from flask import current_app
from sqlalchemy import Integer, Select, and_, bindparam, or_, select

from informejo import db, policy
from informejo.accounts.models import User
from informejo.built_once import ANY_STAFF, built_once
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import LOOKS
from informejo.live import fragments, payload, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.fragments import lets_say_what_follows
from informejo.live.makers import Fragment, header_of
from informejo.live.seers import Seers
from informejo.live.wire import LISTS, OWN, Channel
from informejo.shelf import shelf
from informejo.tickets.models import NamedPerson, Ticket
from informejo.tickets.queries import that_follow


class Missed(NamedTuple):
    """What happened while a browser was away: how many events, None if they cannot be told, and what it is sent."""

    events: int | None
    content: bytes
    as_of_here: bool = False  # whether nothing at all was written between `here` and the drawing


class _Found(NamedTuple):
    """What was missed: events that whoever asks may know of, and the last of those tickets that they lost meanwhile."""

    events: list[Event]
    lost: list[Event]
    heads: list[Fragment]  # of tickets on the page: whether they say which they follow hangs on that one


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

    The staff who are not narrowed see all tickets but confidential ones, so what they missed is made once for all of
    them, except those whom it touches: they are shown more. Only a list, which each of their pages listens to, looks
    at all events, and so knows whom they touch.
    """
    if channels[0].form == "html" and _lists(channels) and policy.may(actor, "desk.see") and not actor.narrowed:
        of_all = tuple(channel for channel in channels if not channel.topic.startswith(OWN))
        key = ("missed", bookmark, here, of_all)
        shared = shelf.one(key, lambda: _shared(bookmark, here, of_all))
        if shared.people is not None and actor.id not in shared.people:
            return shared.missed
    return _drawn(_found(bookmark, here, channels, actor), channels)


def _shared(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...]) -> _Shared:
    found = _found(bookmark, here, channels, ANY_STAFF)
    events, lost, _heads = found or ((), (), ())
    if _show_files(events, channels):
        return _Shared(UNKNOWN, None)
    tickets = [event.ticket for event in events if event.ticket]
    touched = {id for ticket in tickets for id in (ticket.requester_id, ticket.assignee_id)}
    touched |= {event.user_id for event in (*events, *lost, *_of_people(bookmark, here))}
    touched |= set(db.session.scalars(_CONFIDED, {"after": bookmark.id, "here": here.id})) if found else set()
    missed = _drawn(found, channels)
    return _Shared(missed._replace(as_of_here=log.bookmark() == here), frozenset(touched))


def _show_files(events: Iterable[Event], channels: tuple[Channel, ...]) -> bool:
    on_ticket = any(channel.topic.startswith("ticket:") for channel in channels)
    texts = (text for event in events for text in (event.ticket, event.comment) if text)
    return on_ticket and any(text.attachments for text in texts)


def _drawn(found: _Found | None, channels: tuple[Channel, ...]) -> Missed:
    if not found:
        return UNKNOWN
    farewells = {event: parts for event in found.lost if (parts := _farewell(event, channels))}
    number = len(found.events) + len(farewells)
    if channels[0].form == "json":
        return Missed(number, _each(found.events, farewells, channels))
    number += len(found.heads)
    parts = {part.id: part for told in farewells.values() for part in told}
    parts |= {part.id: part for part in (*found.heads, *fragments.gather(found.events, channels))}
    return Missed(number, wire.message(fragments.render(parts.values())) if parts else b"")


def _each(events: list[Event], lost: Iterable[Event], channels: tuple[Channel, ...]) -> bytes:
    epoch, said = log.epoch(), {event.id: payload.lost(event.ticket_id) for event in lost}
    for event in events:
        for channel in fragments.touched(event, channels)[:1]:
            said[event.id] = payload.of(event, channel, Seers.who_read_it(event, channels))
    told = [(id, said[id]) for id in sorted(said) if said[id]]
    return b"".join(wire.message(one.text, id=Bookmark(epoch, id), event=one.name) for id, one in told)


def _farewell(event: Event, channels: Iterable[Channel]) -> list[Fragment]:
    """What takes away a ticket that whoever asks lost by that event; nothing of what it shows is looked at."""
    others = [one for one in fragments.touched(event, list(channels)) if policy.ticket_of(one.topic) is None]
    return [part for channel in others for part in fragments.goodbye(event, channel, Seers(event))]


def _found(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> _Found | None:
    """What happened after `bookmark` and up to `here`; None when it is more than REPLAY_LIMIT."""
    events = _events(bookmark, here, channels, actor)
    if events is None:
        return None
    lost = _lost(bookmark, here, actor) if _lists(channels) and actor.is_staff else []
    return _Found(events, lost, _heads(bookmark, here, channels))


def _heads(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...]) -> list[Fragment]:
    """Of the tickets on this page that follow another, those of which it hangs on what happened to that one."""
    numbers = [policy.ticket_of(channel.topic) for channel in channels if channel.form == "html"]
    following = {ticket.id: ticket for ticket in that_follow(filter(None, numbers))}
    between = {"after": bookmark.id, "here": here.id, "tickets": [each.follows_id for each in following.values()]}
    events = db.session.scalars(_OF_SIGHT, between).all() if following else ()
    told = {(event.ticket_id, one) for event in events for one in Audience if lets_say_what_follows(event, one)}
    return [
        header_of(ticket, channel.audience)
        for channel in channels
        if (ticket := following.get(policy.ticket_of(channel.topic))) and (ticket.follows_id, channel.audience) in told
    ]


def _lost(bookmark: Bookmark, here: Bookmark, actor: User) -> list[Event]:
    """Of each ticket that this person does not see now, the first event that changed who does."""
    names = {"me": actor.id, "after": bookmark.id, "here": here.id}
    events = db.session.scalars(_losses(actor), names)
    return list({event.ticket_id: event for event in events}.values())  # the latest first: the first of each remains


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
    return any(channel.topic.partition(":")[0] in LISTS for channel in channels)


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
        named = select(NamedPerson.ticket_id).where(NamedPerson.user_id == actor.id)
        confided = and_(Ticket.confidential, Ticket.id.in_(named))
        touched.append(or_(Ticket.requester_id == actor.id, Ticket.assignee_id == actor.id, confided))
    events = policy.visible_events(actor).join(Ticket, Ticket.id == Event.ticket_id)
    events = events if every else events.where(or_(*touched))
    return log.reading(events.where(Event.id <= bindparam("here")), needs)


@built_once
def _losses(actor) -> Select:
    between = Event.id > bindparam("after"), Event.id <= bindparam("here")
    return policy.lost_events(actor).where(*between).order_by(Event.id.desc()).options(*log.BRIEF)


_CONFIDED = policy.confided_people(
    select(Event.ticket_id).where(Event.id > bindparam("after"), Event.id <= bindparam("here"))
)
_OF_SIGHT = policy.changes_of_sight().where(
    Event.ticket_id.in_(bindparam("tickets", expanding=True)),
    Event.id > bindparam("after"),
    Event.id <= bindparam("here"),
)
_PEOPLE = (
    policy.people_events(LOOKS)
    .where(Event.id > bindparam("after"), Event.id <= bindparam("here"))
    .order_by(Event.id.desc())
    .limit(bindparam("most", type_=Integer))
)
NOTHING, UNKNOWN = Missed(0, b""), Missed(None, b"")
