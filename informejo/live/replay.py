"""What a browser missed while it was away, out of the log: read for this person alone, drawn as it is now."""

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
from informejo.tickets.models import Ticket

LISTS = ("queue", "desk")  # topics that every ticket touches


def missed(asked: str, here: Bookmark, channels: tuple[Channel, ...], actor: User) -> list[Event] | None:
    """The events after the browser's bookmark and up to `here`: whatever is newer comes live, or with the next answer.

    None when they cannot be told: the page has to load itself again.
    """
    if not (asked and channels):
        return []  # somebody who asks for no past, or for nothing that is there
    bookmark = read(asked, here.epoch)
    if bookmark is None or bookmark.id > here.id:
        return None
    if bookmark.id == here.id:
        return []  # the newest there is: of a crowd that comes back, most have missed nothing
    limit = current_app.config["REPLAY_LIMIT"]
    shows_tickets = any(channel.form == "json" or channel.topic.startswith("ticket:") for channel in channels)
    needs = log.WHOLE if shows_tickets else log.BRIEF
    numbers = tuple(number for channel in channels if (number := policy.ticket_of(channel.topic)) is not None)
    every, own = (any(channel.topic.startswith(kinds) for channel in channels) for kinds in (LISTS, "user:"))
    statement = _about(actor, len(numbers), every, own, needs)
    names = {"me": actor.id, "here": here.id, **{f"ticket_{n}": number for n, number in enumerate(numbers)}}
    events = log.since(bookmark.id, statement, limit + 1, **names)
    return [*events, *_people_missed(bookmark, here, channels, limit)] if len(events) <= limit else None


def told(events: list[Event] | None, here: Bookmark, channels: tuple[Channel, ...]) -> bytes:
    """What was missed, as it is sent."""
    if events is None:
        return wire.message("", id=here, event="reset")
    if not events:
        return b""
    if channels[0].form == "json":
        return _each(events, channels[0])
    parts = fragments.gather(events, channels)
    return wire.message(fragments.render(parts)) if parts else b""


def _each(events: list[Event], channel: Channel) -> bytes:
    epoch = log.epoch()
    said = ((event, payload.of(event, channel)) for event in events)
    return b"".join(wire.message(one.text, id=Bookmark(epoch, event.id), event=one.name) for event, one in said if one)


def _people_missed(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], limit: int) -> list[Event]:
    """A change of somebody who stands on this page: one for all of them, as the page only loads itself again.

    Where too many changed to look at each, somebody on this page is taken to be among them.
    """
    people = list(db.session.scalars(_PEOPLE, {"after": bookmark.id, "here": here.id, "most": limit + 1}))
    shown = len(people) > limit or fragments.people_at(people, {channel.topic for channel in channels})
    return people[:1] if shown else []


@built_once
def _about(actor, tickets: int, every: bool, own: bool, needs: tuple) -> Select:
    """The events behind so many tickets, one's `own` ones, or `every` one, out of those that the actor may see."""
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
