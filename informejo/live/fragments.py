"""Which fragments an event becomes on which topics: one table, read when it is pushed, replayed and answered."""

from collections.abc import Iterable

from markupsafe import Markup

from informejo import policy
from informejo.events.models import Audience, Event
from informejo.events.names import PEOPLE, WATCHING, EventName
from informejo.events.sentences import runs
from informejo.live.hub import hub
from informejo.live.mail_makers import recipients_changed, watchers
from informejo.live.makers import (
    DESK_CHANGED,
    PEOPLE_CHANGED,
    UNREAD_CHANGED,
    Fragment,
    back,
    card_of,
    change,
    changes_beside,
    comment,
    desk_changed,
    farewell,
    header,
    read_again,
    row,
    ticket,
    ticket_spoken_on,
    toast,
)
from informejo.live.wire import Channel, Thing
from informejo.tickets.models import Ticket
from informejo.tickets.queries import with_people

FRAGMENTS = {
    EventName.TICKET_CREATED: {"queue": (row,), "desk": (desk_changed,)},
    EventName.TICKET_UPDATED: {
        "timeline": (change,),
        "ticket": (ticket, recipients_changed),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    EventName.TICKET_DELETED: {},  # whoever saw it gets `farewell` instead: see `on`
    EventName.TICKET_RESTORED: {"timeline": (change,), "queue": (row,), "desk": (back, desk_changed)},
    EventName.COMMENT_ADDED: {
        "timeline": (comment, changes_beside),
        "ticket": (ticket_spoken_on,),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    **{name: {} for name in PEOPLE},  # see `topics_showing`
    EventName.COMMENT_EDITED: {
        "timeline": (comment, change),
        "ticket": (header,),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    EventName.MAIL_FAILED: {
        "timeline": (change,),
        "ticket": (header,),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    EventName.COMMENT_REMOVED: {
        "timeline": (change,),
        "ticket": (ticket, read_again),  # no fragment takes a message away
        "queue": (row,),
        "desk": (desk_changed,),
    },
    **{name: {"ticket": (watchers, recipients_changed)} for name in WATCHING},
}
# These show the ticket as it is now, whichever event they are made for.
AS_IT_IS = (ticket, header, row, desk_changed, watchers)
TOASTED = {EventName.TICKET_CREATED, EventName.TICKET_UPDATED, EventName.TICKET_RESTORED, EventName.COMMENT_ADDED}
# Nothing is drawn for them, and why.
SILENT = {
    EventName.ATTACHMENT_ADDED: "a file is drawn with its message",
    EventName.SESSION_ENDED: "the streams of that sign-in end; no live page lists sign-ins",
    EventName.PASSWORD_OFFERED: "the mail with the link is all that comes of it",
    EventName.PASSWORD_FORGOTTEN: "the same",
    EventName.LINK_OFFERED: "the same",
    EventName.ADDRESS_OFFERED: "the same",
    EventName.USER_MERGED: "nothing makes it yet",
    EventName.USER_ERASED: "nothing makes it yet",
    EventName.TEAM_CREATED: "nothing makes it yet",
    EventName.TEAM_UPDATED: "nothing makes it yet",
    EventName.TEAM_DELETED: "nothing makes it yet",
    EventName.SETTING_CHANGED: "pages show what is set as of the moment they were loaded",
}
NUDGES = {"desk": [DESK_CHANGED], "user": [UNREAD_CHANGED]}  # beside `farewell`: what counted the ticket counts anew
DRAWN = {"name", "department", "role", "active"}  # what pages show of people


def topics_of(event: Event) -> Iterable[str]:
    """The topics an event touches."""
    if event.ticket is None:
        return topics_showing([event], hub.topics())
    people = {event.ticket.requester_id, event.ticket.assignee_id, event.user_id} - {None}
    return (f"ticket:{event.ticket_id}", "queue", "desk", *(f"user:{id}" for id in sorted(people)))


def topics_showing(events: Iterable[Event], topics: set[str]) -> set[str]:
    """Of these topics, those whose pages show a person of whom one of these events changed what is shown."""
    changed = {event.user_id for event in events if _changes_looks(event)}
    if not changed:
        return set()
    tickets = [int(topic.partition(":")[2]) for topic in topics if topic.startswith("ticket:")]
    shown = {f"ticket:{id}" for id in with_people(changed, tickets)} if tickets else set()
    return topics & {"desk", *(f"user:{id}" for id in changed), *shown}


def on(event: Event, channel: Channel, made: dict | None = None) -> list[Fragment]:
    """What `event` becomes on `channel`; nothing when its audience may not see it.

    In `made` the makers of AS_IT_IS leave what they made, for further events of the same ticket.
    """
    kind, _, id = channel.topic.partition(":")
    if event.ticket is None:
        return [PEOPLE_CHANGED] if (kind, channel.audience) != ("ticket", "staff") else []  # they hear it on `desk`
    if not event.is_for(channel.audience):
        return []
    if policy.is_lost(event, channel):
        return [farewell(event.ticket_id), *NUDGES.get(kind, ())] if policy.tells_of_loss(event, channel) else []
    if kind == "user":
        return _personal(event, int(id), channel.audience)
    table = FRAGMENTS.get(event.name, {})
    makers = (*table.get("timeline", ()), *table.get("ticket", ())) if kind == "ticket" else table.get(kind, ())
    return [fragment for make in makers for fragment in _made(make, event, channel.audience, made)]


def of(event: Event, channel: Channel) -> list[Thing]:
    """What `event` becomes on `channel`, rendered."""
    return things(on(event, channel))


def things(parts: Iterable[Fragment]) -> list[Thing]:
    """These fragments as parts of a message."""
    return [fragment.thing for fragment in parts]


def gather(events: Iterable[Event], channels: Iterable[Channel]) -> list[Fragment]:
    """What several events become: of each thing they touched one fragment, the newest.

    An event is shown on the channels whose topics it touches and on no other, so a ticket's channel gets nothing of
    another ticket.
    """
    channels, found, made = list(channels), {}, {}
    for event in events:
        # Of people, it was only read if one of these pages shows them: see `topics_showing`.
        touched = topics_of(event) if event.ticket_id else {channel.topic for channel in channels}
        for channel in channels:
            for fragment in on(event, channel, made) if channel.topic in touched else ():
                found.pop(fragment.id, None)
                found[fragment.id] = fragment
    return list(found.values())


def answer(events: Iterable[Event], ticket: Ticket, audience: Audience) -> list[Fragment]:
    """What a change on a ticket's page is answered with: the fragments that its stream will bring as well."""
    return gather(events, [Channel(f"ticket:{ticket.id}", audience.value, "html")])


def timeline(events: Iterable[Event], audience: Audience) -> list[Fragment]:
    """The conversation of one ticket as a page shows it: the very fragments its live stream would have placed."""
    events = list(events)
    pieces, together = {}, runs(events)
    for event in events:
        for make in FRAGMENTS.get(event.name, {}).get("timeline", ()):
            pieces |= {fragment.id: fragment for fragment in make(event, audience, together.get(event.id))}
    return sorted(pieces.values(), key=_order)  # an old message that was edited stands where it was written


def render(parts: Iterable[Fragment]) -> str:
    """These fragments, one after the other, each as an `<hx-partial>`."""
    return Markup().join(fragment.render() for fragment in parts)


def _made(make, event: Event, audience: str, made: dict | None) -> list[Fragment]:
    if made is None or make not in AS_IT_IS:
        return make(event, audience)
    key = (make, event.ticket_id, audience)
    if key not in made:
        made[key] = make(event, audience)
    return made[key]


def _order(fragment: Fragment) -> int:
    return fragment.needs["order"]


def _changes_looks(event: Event) -> bool:
    return event.name in PEOPLE and (event.name != EventName.USER_UPDATED or bool(event.changes.keys() & DRAWN))


def _was_asked_to_watch(event: Event, user_id: int) -> bool:
    return event.name == EventName.WATCHER_ADDED and event.user_id == user_id != event.actor_id


def _personal(event: Event, user_id: int, audience: str) -> list[Fragment]:
    if event.name in SILENT:
        return []
    if event.name in WATCHING:
        return [toast(event, user_id)] if _was_asked_to_watch(event, user_id) else []
    parts = [UNREAD_CHANGED]
    if event.name == EventName.TICKET_RESTORED:
        parts += back(event, audience)
    if event.ticket.requester_id == user_id:
        parts.append(card_of(event.ticket, audience))
    return [toast(event, user_id), *parts] if event.actor_id != user_id and event.name in TOASTED else parts
