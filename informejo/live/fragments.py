"""Which fragments an event becomes on which topics: one table, read when it is pushed, replayed and answered."""

from collections.abc import Iterable
from functools import cache
from typing import Any, NamedTuple

from flask import current_app
from markupsafe import Markup, escape
from werkzeug.local import LocalProxy

from informejo import policy
from informejo.accounts.queries import choices_of_staff
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import PEOPLE, EventName
from informejo.events.sentences import last_word, runs, sentence
from informejo.live.hub import hub
from informejo.live.wire import Channel, Thing
from informejo.shelf import shelf
from informejo.tickets.files import lost_among
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.queries import is_solved_by_requester, last_messages, order_of, with_people

_PARTIAL = Markup('<hx-partial hx-target="%s" hx-swap="%s">%s</hx-partial>')


class Fragment(NamedTuple):
    """One thing to be drawn: its DOM id, where it goes and how, from which partial and with what; or a bare text."""

    id: str
    target: str
    swap: str
    template: str = ""
    needs: dict[str, Any] = {}
    text: str = ""
    looks: tuple = ()  # all that its bytes depend on; where it is told, equal looks are drawn once and kept

    @property
    def html(self) -> Markup:
        """The thing itself."""
        if not self.template:
            return escape(self.text)
        return shelf.one((self.template, self.looks), self.draw) if self.looks else self.draw()

    def draw(self) -> Markup:
        """Render the partial."""
        return draw(self.template, **self.needs)

    def render(self) -> Markup:
        """The thing with its address, as an `<hx-partial>`."""
        return _PARTIAL % (self.target, self.swap, self.html)

    @property
    def thing(self) -> Thing:
        """The same as a part of a message: of several that wait for a reader, the newest with this id is enough."""
        return Thing(self.id, self.render())


def draw(template: str, **needs) -> Markup:
    """A partial, drawn without a request: there is nobody here it could be drawn for."""
    return Markup(current_app.jinja_env.get_template(template).render(needs))  # noqa: S704 - autoescaped


def topics_of(event: Event) -> Iterable[str]:
    """The topics an event touches."""
    if event.ticket is None:
        return people_at([event], hub.topics())
    people = {event.ticket.requester_id, event.ticket.assignee_id, event.user_id} - {None}
    return (f"ticket:{event.ticket_id}", "queue", "desk", *(f"user:{id}" for id in sorted(people)))


def people_at(events: Iterable[Event], topics: set[str]) -> set[str]:
    """Of these topics, those that show somebody of whom one of these events has changed what pages draw."""
    changed = {event.user_id for event in events if _changes_looks(event)}
    if not changed:
        return set()
    tickets = [int(topic.partition(":")[2]) for topic in topics if topic.startswith("ticket:")]
    shown = {f"ticket:{id}" for id in with_people(changed, tickets)} if tickets else set()
    return topics & {"desk", *(f"user:{id}" for id in changed), *shown}


def on(event: Event, channel: Channel, made: dict | None = None) -> list[Fragment]:
    """What `event` becomes on `channel`; nothing when its audience may not see it.

    `made` keeps what shows a ticket as it is now, for the next event of the same ticket.
    """
    kind, _, id = channel.topic.partition(":")
    if event.ticket is None:
        return [PEOPLE_CHANGED] if (kind, channel.audience) != ("ticket", "staff") else []  # the desk tells these
    if not event.is_for(channel.audience):
        return []
    if policy.is_lost(event, channel):
        told = policy.may_end_sight(event) and policy.would_see(event, channel)
        return [farewell(event.ticket_id), *NUDGES.get(kind, ())] if told else []
    if kind == "user":
        return _personal(event, int(id), channel.audience)
    table = FRAGMENTS.get(event.name, {})
    makers = (*table.get("timeline", ()), *table.get("ticket", ())) if kind == "ticket" else table.get(kind, ())
    return [fragment for make in makers for fragment in _made(make, event, channel.audience, made)]


def of(event: Event, channel: Channel) -> list[Thing]:
    """What `event` becomes on `channel`, rendered."""
    return things(on(event, channel))


def things(parts: Iterable[Fragment]) -> list[Thing]:
    """All of them as parts of a message."""
    return [fragment.thing for fragment in parts]


def gather(events: Iterable[Event], channels: Iterable[Channel]) -> list[Fragment]:
    """What several events become: each thing they touched once, however often it changed meanwhile.

    An event is told on the channels it touches and on no other: what happened on one ticket is nothing for the page of
    another, whatever else that page listens to.
    """
    channels, found, made = list(channels), {}, {}
    for event in events:
        touched = topics_of(event) if event.ticket_id else {channel.topic for channel in channels}  # see `people_at`
        for channel in channels:
            for fragment in on(event, channel, made) if channel.topic in touched else ():
                found.pop(fragment.id, None)
                found[fragment.id] = fragment
    return list(found.values())


def answer(events: Iterable[Event], ticket: Ticket, audience: Audience) -> list[Fragment]:
    """What a change on a ticket's page is answered with: what the stream will bring, without the wait."""
    return gather(events, [Channel(f"ticket:{ticket.id}", audience.value, "html")])


def timeline(events: Iterable[Event], audience: Audience) -> list[Fragment]:
    """The conversation of one ticket as a page shows it: the very fragments its live stream would have placed."""
    events = list(events)
    pieces, together = {}, runs(events)
    for event in events:
        for make in FRAGMENTS.get(event.name, {}).get("timeline", ()):
            pieces |= {fragment.id: fragment for fragment in make(event, audience, together.get(event.id))}
    return sorted(pieces.values(), key=_place)  # an old message that was edited stands where it was written


def render(parts: Iterable[Fragment]) -> str:
    """All of them, one after the other, each as an `<hx-partial>`."""
    return Markup().join(fragment.render() for fragment in parts)


def comment(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The message, at its place in the timeline, however often it was edited since."""
    order = event.id if event.name == EventName.COMMENT_ADDED else order_of(event.comment)
    said = event.comment
    lost = lost_among(said.attachments)
    files = tuple(attachment.token for attachment in said.attachments), lost
    looks = (said.id, said.body, said.edited_at, said.author.name, said.author.role, files, order, str(audience))
    needs = {"comment": said, "audience": audience, "order": order, "lost": lost}
    return [Fragment(f"comment-{said.id}", "#timeline", "place", "tickets/_comment.html", needs, looks=looks)]


def change(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The line that says what changed, where an event has no message of its own or changed more than that.

    What one person did one after the other within a minute is one line, which grows; `run` is all of it, where it is
    known already.
    """
    run = run or runs(log.same_minute(event, audience)).get(event.id, [event])
    needs = {"events": run, "audience": audience, "order": event.id}
    return [Fragment(f"event-{run[0].id}", "#timeline", "place", "tickets/_change.html", needs)]


def changes_beside(event: Event, audience: str, run: list[Event] | None = None) -> list[Fragment]:
    """The same, only when the message changed something beside being written."""
    return change(event, audience, run) if event.changes else []


def ticket(event: Event, audience: str) -> list[Fragment]:
    """What stands above and beside the conversation."""
    return about(event.ticket, audience)


def header(event: Event, audience: str) -> list[Fragment]:
    """Only what says how far the ticket has come: what was said leaves everything else as it was."""
    return [_header(event.ticket, audience)]


def ticket_spoken_on(event: Event, audience: str) -> list[Fragment]:
    """All of it where a message changed something beside being written, such as that it opened the ticket again."""
    return ticket(event, audience) if event.changes else header(event, audience)


def about(ticket: Ticket, audience: str) -> list[Fragment]:
    """The same of a ticket as it is now. What must be asked for is asked when it is drawn: of many the last is."""
    lost = LocalProxy(cache(lambda: lost_among(ticket.attachments)))
    needs = {"ticket": ticket, "audience": audience, "lost": lost}
    top = [
        _header(ticket, audience),
        Fragment("opening", "#opening", "outerMorph", "tickets/_opening.html", needs),
    ]
    if audience != Audience.STAFF:
        needs = {"ticket": ticket, "own_word": LocalProxy(cache(lambda: is_solved_by_requester(ticket)))}
        return [*top, Fragment("ticket-actions", "#ticket-actions", "outerMorph", "tickets/_actions.html", needs)]
    needs = {"ticket": ticket, "staff": LocalProxy(cache(choices_of_staff))}
    return [
        *top,
        Fragment("ticket-properties", "#ticket-properties", "outerMorph", "tickets/_properties.html", needs),
        Fragment("ticket-requester", "#ticket-requester", "outerMorph", "tickets/_requester.html", {"ticket": ticket}),
    ]


def row(event: Event, audience: str) -> list[Fragment]:
    """The ticket's row in the queue."""
    return [row_of(event.ticket, last_messages(audience, [event.ticket_id]).get(event.ticket_id))]


def row_of(ticket: Ticket, said: Comment | None) -> Fragment:
    """The same for a page of the queue; `said` is its last message, for the staff."""
    owner = ticket.assignee and (ticket.assignee.id, ticket.assignee.name, ticket.assignee.role)
    words = (ticket.title, ticket.status, ticket.priority, ticket.category, ticket.requester.name)
    looks = (ticket.id, ticket.last_event_id, owner, said and (said.id, said.version, said.author.name), *words)
    needs = {"ticket": ticket, "said": said}
    return Fragment(f"row-{ticket.id}", "#queue", "place", "tickets/_row.html", needs, looks=looks)


def card_of(ticket: Ticket, audience: str) -> Fragment:
    """The ticket in the list of its requester."""
    needs = {"ticket": ticket, "audience": audience}
    return Fragment(f"card-{ticket.id}", "#cards", "place", "tickets/_card.html", needs)


def farewell(number: int, binned: Event | None = None) -> Fragment:
    """What takes a ticket away wherever it is on a page: with its number, and nothing of what it said.

    `binned` is for those alone who may know who put it into the bin.
    """
    needs = {"number": number, "sentence": last_word(binned)}
    return Fragment(f"lost-{number}", "body", "lose", "tickets/_lost.html", needs)


def back(event: Event, audience: str) -> list[Fragment]:
    """For pages it was taken from: it is there again."""
    place = f"back-{event.ticket_id}"
    return [Fragment(place, f"#{place}", "outerMorph", "tickets/_back.html", {"number": event.ticket_id})]


def question(field: str, needs: dict | None = None) -> Fragment:
    """At the control of a field: two changes at once, and which it shall be. Without `needs` that is settled."""
    place = f"question-{field}"
    return Fragment(place, f"#{place}", "innerHTML", "tickets/_conflict.html" if needs else "", needs or {})


def desk_changed(event: Event, audience: str) -> list[Fragment]:
    """A nudge: counters, lists with a filter and the dashboard read themselves again."""
    return [DESK_CHANGED]


def toast(event: Event, reader_id: int) -> Fragment:
    """A word to somebody whom the event concerns and who looks at something else."""
    needs = {"event": event, "sentence": sentence(event, reader_id)}
    return Fragment(f"toast-{event.id}", "#toasts", "place", "live/_toast.html", needs)


def _header(ticket: Ticket, audience: str) -> Fragment:
    needs = {"ticket": ticket, "audience": audience}
    return Fragment("ticket-header", "#ticket-header", "outerMorph", "tickets/_header.html", needs)


def _made(make, event: Event, audience: str, made: dict | None) -> list[Fragment]:
    if made is None or make not in AS_IT_IS:
        return make(event, audience)
    key = (make, event.ticket_id, audience)
    if key not in made:
        made[key] = make(event, audience)
    return made[key]


def _place(fragment: Fragment) -> int:
    return fragment.needs["order"]


def _changes_looks(event: Event) -> bool:
    return event.name in PEOPLE and (event.name != EventName.USER_UPDATED or bool(event.changes.keys() & DRAWN))


def _personal(event: Event, user_id: int, audience: str) -> list[Fragment]:
    if event.name in SILENT:
        return []
    parts = [UNREAD_CHANGED]
    if event.name == EventName.TICKET_RESTORED:
        parts += back(event, audience)
    if event.ticket.requester_id == user_id:
        parts.append(card_of(event.ticket, audience))
    return [toast(event, user_id), *parts] if event.actor_id != user_id and event.name in TOASTED else parts


DESK_CHANGED = Fragment("desk-changed", "body", "nudge", text="desk-changed")
UNREAD_CHANGED = Fragment("unread-changed", "body", "nudge", text="unread-changed")
NUDGES = {"desk": [DESK_CHANGED], "user": [UNREAD_CHANGED]}  # what a lost ticket still leaves to be counted anew
# Somebody has another name or role: pages on which people stand load themselves again, each a little later.
PEOPLE_CHANGED = Fragment("people-changed", "body", "nudge", text="people-changed")
DRAWN = {"name", "department", "role", "active"}  # what pages say of people

FRAGMENTS = {
    EventName.TICKET_CREATED: {"queue": (row,), "desk": (desk_changed,)},
    EventName.TICKET_UPDATED: {"timeline": (change,), "ticket": (ticket,), "queue": (row,), "desk": (desk_changed,)},
    EventName.TICKET_DELETED: {},  # whoever lost it by that is told so by `farewell`, and nobody needs to know more
    EventName.TICKET_RESTORED: {"timeline": (change,), "queue": (row,), "desk": (back, desk_changed)},
    EventName.COMMENT_ADDED: {
        "timeline": (comment, changes_beside),
        "ticket": (ticket_spoken_on,),
        "queue": (row,),
        "desk": (desk_changed,),
    },
    **{name: {} for name in PEOPLE},  # see `people_at`
    EventName.COMMENT_EDITED: {"timeline": (comment, change), "ticket": (header,), "queue": (row,)},
}
AS_IT_IS = (ticket, header, row, desk_changed)  # whatever it was that happened to the ticket
TOASTED = {EventName.TICKET_CREATED, EventName.TICKET_UPDATED, EventName.TICKET_RESTORED, EventName.COMMENT_ADDED}
# Nothing is drawn for them, and why.
SILENT = {
    EventName.ATTACHMENT_ADDED: "a file is drawn with its message",
    EventName.SESSION_ENDED: "the streams of that sign-in end; no live page lists sign-ins",
}
