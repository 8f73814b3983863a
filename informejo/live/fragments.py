"""Which fragments an event becomes on which topics: one table, read when it is pushed, replayed and answered."""

from collections.abc import Iterable

from markupsafe import Markup

from informejo import policy
from informejo.events.models import Audience, Event
from informejo.events.names import LOOKS, WATCHING, EventName
from informejo.events.sentences import runs
from informejo.live.hub import hub
from informejo.live.mail_makers import recipients_changed, watchers, watchers_asked_anew
from informejo.live.makers import (
    DESK_CHANGED,
    PEOPLE_CHANGED,
    UNREAD_CHANGED,
    Fragment,
    back,
    card_of,
    change,
    changes_beside,
    checked,
    comment,
    desk_changed,
    farewell,
    header,
    header_of,
    opening_checked,
    read_again,
    row,
    ticket,
    ticket_spoken_on,
    toast,
)
from informejo.live.seers import Seers, apart
from informejo.live.wire import LISTS, OWN, Channel, Thing, is_own_list
from informejo.tickets.models import Ticket
from informejo.tickets.queries import follow_ups, with_people

FRAGMENTS = {
    EventName.TICKET_CREATED: {"queue": (row,), "desk": (desk_changed,)},
    EventName.TICKET_UPDATED: {
        "timeline": (change,),
        "ticket": (ticket, recipients_changed, watchers_asked_anew),
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
    **{name: {} for name in LOOKS},  # see `topics_showing`
    EventName.COMMENT_EDITED: {
        "timeline": (comment, change),
        "ticket": (header,),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    EventName.ATTACHMENT_CHECKED: {
        "timeline": (checked,),
        "ticket": (opening_checked,),
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
    EventName.SETTING_CHANGED: "pages show what is set as of the moment they were loaded",
}
# Whether a page says which ticket its own follows hangs on these of that one: `Ticket.follows_for`.
SAYS_WHAT_IT_FOLLOWS = {Audience.STAFF: {"team", "confidential"}, Audience.REQUESTER: {"requester"}}
NUDGES = {"desk": [DESK_CHANGED], "user": [UNREAD_CHANGED]}  # beside `farewell`: what counted the ticket counts anew
DRAWN = {"name", "address", "department", "role", "active"}  # what pages show of people


def topics_of(event: Event, own_lists: Iterable[str] = ()) -> Iterable[str]:
    """The topics an event touches; of `own_lists`, those that some have for themselves, every ticket touches each."""
    if event.ticket is None:
        return topics_showing([event], hub.topics())
    own = (f"{OWN}{id}" for id in sorted(policy.concerned_by(event)))
    return (f"ticket:{event.ticket_id}", *LISTS, *own_lists, *own)


def topics_showing(events: Iterable[Event], topics: set[str]) -> set[str]:
    """Of these topics, those whose pages show a person or team of which one of these events changed what is shown."""
    events = [event for event in events if _changes_looks(event)]
    if not events:
        return set()
    changed = {id for event in events if event.user for id in (event.user_id, event.user.merged_into_id)} - {None}
    tickets = [int(topic.partition(":")[2]) for topic in topics if topic.startswith("ticket:")]
    shown = {f"ticket:{id}" for id in with_people(changed, tickets)} if tickets else set()
    everywhere = {"desk", *filter(is_own_list, topics)}
    return topics & {*everywhere, *(f"{OWN}{id}" for id in changed), *shown}


def following(event: Event) -> dict[Channel, list[Fragment]]:
    """What the event changes on open pages of tickets that follow its own: whether they may say its number.

    Nothing else of it is for them, and programs are told no numbers.
    """
    audiences = [audience for audience in Audience if lets_say_what_follows(event, audience)]
    if event.ticket is None or not audiences:
        return {}
    shown = [int(topic.partition(":")[2]) for topic in hub.topics() if topic.startswith("ticket:")]
    return {
        Channel(f"ticket:{ticket.id}", audience.value, "html"): [header_of(ticket, audience)]
        for ticket in follow_ups(event.ticket_id, shown)
        for audience in audiences
    }


def lets_say_what_follows(event: Event, audience: str) -> bool:
    """Whether it hangs on this event if pages for that audience say that their ticket follows the event's."""
    return not SAYS_WHAT_IT_FOLLOWS[Audience(audience)].isdisjoint(event.changes)


def on(event: Event, channel: Channel, seers: Seers, made: dict | None = None) -> list[Fragment]:
    """What `event` becomes on `channel`; nothing when its audience may not see it.

    In `made` the makers of AS_IT_IS leave what they made, for further events of the same ticket.
    """
    kind = channel.topic.partition(":")[0]
    if event.ticket is None:
        return [PEOPLE_CHANGED] if (kind, channel.audience) != ("ticket", "staff") else []  # they hear it on `desk`
    if not event.is_for(channel.audience):
        return []
    if not seers.see(channel):
        return goodbye(event, channel, seers)
    if kind == "user":
        return _personal(event, channel)
    table = FRAGMENTS.get(event.name, {})
    makers = (*table.get("timeline", ()), *table.get("ticket", ())) if kind == "ticket" else table.get(kind, ())
    return [fragment for make in makers for fragment in _made(make, event, channel.audience, made)]


def goodbye(event: Event, channel: Channel, seers: Seers) -> list[Fragment]:
    """What takes the ticket away from those on the channel who saw it until this event, and says its number alone."""
    if not seers.saw(channel):
        return []
    kind = channel.topic.partition(":")[0]
    return [farewell(event.ticket_id), *NUDGES.get(kind, ()), *_of_lists(NUDGES, event, channel)]


def of(event: Event, channel: Channel, seers: Seers) -> list[Thing]:
    """What `event` becomes on `channel`, rendered."""
    return things(on(event, channel, seers))


def things(parts: Iterable[Fragment]) -> list[Thing]:
    """These fragments as parts of a message."""
    return [fragment.thing for fragment in parts]


def gather(events: Iterable[Event], channels: Iterable[Channel]) -> list[Fragment]:
    """What several events become for whom they were read: of each thing they touched one fragment, the newest."""
    channels, found, made = list(channels), {}, {}
    for event in events:
        seers = Seers.who_read_it(event, channels) if event.ticket_id else Seers(event)
        for channel in touched(event, channels):
            for fragment in on(event, channel, seers, made):
                found.pop(fragment.id, None)
                found[fragment.id] = fragment
    return list(found.values())


def touched(event: Event, channels: list[Channel]) -> list[Channel]:
    """Of the channels of one stream, those on which this event is shown.

    They are those whose topics it touches and no other, so a ticket's channel gets nothing of another ticket. Of
    people, an event is only read if one of these pages shows them: see `topics_showing`.
    """
    if not event.ticket_id:
        return channels
    theirs = {channel.topic for channel in channels}
    topics = {*topics_of(event, filter(is_own_list, theirs))}
    if not theirs.isdisjoint(apart(event)):
        topics -= {*LISTS}
    return [channel for channel in channels if channel.topic in topics]


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
    return event.name in LOOKS and (event.name != EventName.USER_UPDATED or bool(event.changes.keys() & DRAWN))


def _was_asked_to_watch(event: Event, user_id: int) -> bool:
    return event.name == EventName.WATCHER_ADDED and event.user_id == user_id != event.actor_id


def _personal(event: Event, channel: Channel) -> list[Fragment]:
    user_id, audience = int(channel.topic.partition(":")[2]), channel.audience
    if event.name in SILENT:
        return []
    if event.name in WATCHING:
        return [toast(event, user_id)] if _was_asked_to_watch(event, user_id) else []
    of_all = [
        part for make in _of_lists(FRAGMENTS.get(event.name, {}), event, channel) for part in make(event, audience)
    ]
    parts = [UNREAD_CHANGED, *of_all] if _concerns(event, user_id) else of_all
    if event.name == EventName.TICKET_RESTORED:
        parts += back(event, audience)
    if event.ticket.requester_id == user_id:
        parts.append(card_of(event.ticket, audience))
    return [toast(event, user_id), *parts] if _is_worth_a_toast(event, user_id) else parts


def _of_lists(table: dict, event: Event, channel: Channel) -> list:
    """What the shared lists would say of the ticket, to those who hear of it apart from them."""
    apart = channel.topic.startswith(OWN) and channel.audience == Audience.STAFF and event.ticket.confidential
    return [part for kind in LISTS for part in table.get(kind, ())] if apart else []


def _concerns(event: Event, user_id: int) -> bool:
    return user_id in (event.ticket.requester_id, event.ticket.assignee_id, event.user_id)


def _is_worth_a_toast(event: Event, user_id: int) -> bool:
    """Whoever does not work on the ticket any more, or is only named on it, is not told of all that happens there."""
    own = user_id in (event.ticket.requester_id, event.ticket.assignee_id) or "named" in event.changes
    return own and _concerns(event, user_id) and event.actor_id != user_id and event.name in TOASTED
