"""Who is at a ticket: the staff see who of them looks at it or writes, and when the requester read the last answer.

Looking is not stored anywhere: whoever has a stream on the ticket is looking. Only writing is noted, and it expires.
"""

import time

from informejo import db, signals
from informejo.accounts.models import User
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.folding import fold
from informejo.live import mail_makers
from informejo.live.hub import hub
from informejo.live.makers import UNREAD_CHANGED, Fragment
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel
from informejo.tickets.models import Ticket
from informejo.tickets.queries import reading_of_answer

WRITING_SECONDS = 8
ECHO = "echo"  # the topic on which the process sends messages to itself
MOST = 20  # people shown at one ticket

_writing: dict[tuple[int, int], float] = {}  # (ticket, user) -> until when, on the monotonic clock


def people_at(ticket_id: int) -> list[tuple[User, bool]]:
    """The staff who look at the ticket, by name, each with whether they are writing."""
    subscriptions = hub.subscriptions(_channel(ticket_id))
    people = [
        db.session.get(User, id) for id in sorted({subscription.user_id for subscription in subscriptions})[:MOST]
    ]
    return [(user, _is_writing(ticket_id, user.id)) for user in sorted(people, key=lambda user: fold(user.name))]


def writes(actor: User, ticket: Ticket):
    """The actor is typing on that ticket, for the next few seconds."""
    _writing[ticket.id, actor.id] = time.monotonic() + WRITING_SECONDS
    signals.noticed.send(f"ticket:{ticket.id}")


def hear(event: Event):
    """After a message: its author is not shown as writing any more, nor an answer as read.

    And after a mail that failed, perhaps in another process: so it stands under its message.
    """
    if event.name == EventName.MAIL_FAILED:
        signals.noticed.send(f"mails:{event.ticket_id}")
    if event.name not in (EventName.COMMENT_ADDED, EventName.COMMENT_EDITED):
        return
    wrote = _writing.pop((event.ticket_id, event.actor_id), None)
    if wrote or (event.audience == Audience.REQUESTER and event.actor_id != event.ticket.requester_id):
        signals.noticed.send(f"ticket:{event.ticket_id}")


def expire():
    """Show those who stopped typing as only looking again; called once a second."""
    now = time.monotonic()
    for ticket_id, user_id in [key for key, until in _writing.items() if until < now]:
        del _writing[ticket_id, user_id]
        signals.noticed.send(f"ticket:{ticket_id}")


def show_again(subscription: Subscription):
    """This stream opened or closed: show anew who is on its ticket."""
    for channel in subscription.channels:
        if is_at(channel):
            signals.noticed.send(channel.topic)


def welcome(subscription: Subscription):
    """This stream opened: show that, and to it what it may have missed that stands in no event."""
    show_again(subscription)
    for channel in subscription.channels:
        if is_at(channel):
            signals.noticed.send(mails_of(channel.topic))


def is_at(channel: Channel) -> bool:
    """Whether that channel shows who is here."""
    return channel.topic.startswith("ticket:") and channel.audience == Audience.STAFF


def mails_of(topic: str) -> str:
    """The topic of what became of the mails about a ticket: rarer than who is typing there, and more to draw."""
    return topic.replace("ticket:", "mails:")


def channels(topic: str) -> list[Channel]:
    """The channels on which a notice about `topic` is drawn."""
    topic = topic.replace("mails:", "ticket:")
    audiences = ("requester", "staff") if topic.startswith("user:") else ("staff",)
    return [channel for audience in audiences if hub.is_open(channel := Channel(topic, audience, "html"))]


def at(channel: Channel) -> list[Fragment]:
    """What is true now on that channel and stands in no event."""
    mails = noticed(mails_of(channel.topic), channel) if is_at(channel) else []
    return [*noticed(channel.topic, channel), *mails]


def noticed(topic: str, channel: Channel) -> list[Fragment]:
    """The part of it that a notice about `topic` is of."""
    kind, _, id = topic.partition(":")
    if kind == "user":
        return [UNREAD_CHANGED]
    if kind == ECHO:
        return [Fragment(ECHO, "body", "nudge", text=ECHO)]
    if not is_at(channel):
        return []
    if kind == "mails":
        return mail_makers.deliveries(int(id))
    ticket = db.session.get(Ticket, int(id))
    reading = reading_of_answer(ticket)
    return [
        Fragment("presence", "#presence", "outerMorph", "tickets/_presence.html", {"people": people_at(int(id))}),
        Fragment("seen", "#seen", "outerMorph", "tickets/_seen.html", {"ticket": ticket, "reading": reading}),
    ]


def _channel(ticket_id: int) -> Channel:
    return Channel(f"ticket:{ticket_id}", Audience.STAFF.value, "html")


def _is_writing(ticket_id: int, user_id: int) -> bool:
    return _writing.get((ticket_id, user_id), 0) > time.monotonic()
