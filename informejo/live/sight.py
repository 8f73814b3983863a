"""Losing sight: who may not see a ticket any more is told so once by their open pages, and gets nothing more of it."""

import logging

from sqlalchemy.exc import DBAPIError

from informejo import db, policy, signals
from informejo.accounts.models import User
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.live import fragments, makers, payload, wire
from informejo.live.bookmark import Bookmark
from informejo.live.hub import BYE, hub
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel, Frame

logger = logging.getLogger(__name__)


def withdraw(event: Event, bookmark: Bookmark):
    """Take everybody who may not see the ticket any more off its channels; called before anything of `event` is shown.

    Policy is asked about each stream. If that fails for one, it is ended: its browser comes back, and policy is asked
    again as the new stream is opened.
    """
    if event.ticket_id is None:
        return
    hub.revocations += policy.may_end_sight(event)
    topic = f"ticket:{event.ticket_id}"
    for channel in (Channel(topic, audience.value, form) for audience in Audience for form in ("html", "json")):
        for subscription in hub.subscriptions(channel):
            _withdraw_or_drop(subscription, channel, event, bookmark)


def farewell(unseen: policy.Unseen, form: str) -> Frame:
    """The message that takes a ticket away from one page or program."""
    if form == "json":
        return wire.frame([payload.lost(unseen.number)])
    # A key of its own: what else the event has for this page says less, and must not take this one's place.
    thing = makers.farewell(unseen.number, unseen.binned).thing
    return wire.frame([thing._replace(key=f"farewell-{unseen.number}")])


def _withdraw_or_drop(subscription: Subscription, channel: Channel, event: Event, bookmark: Bookmark):
    try:
        if policy.may_end_sight(event) and not _sees(subscription, channel, event):
            _withdraw(subscription, channel, event, bookmark)
    except DBAPIError:
        raise  # nothing is shown until policy could be asked: the same event is tried again
    except Exception:
        logger.exception("stream of user %s cannot leave %s", subscription.user_id, channel.topic)
        hub.drop(subscription, BYE, "revoked")


def _sees(subscription: Subscription, channel: Channel, event: Event) -> bool:
    """Whoever came by a link listens as the requester, whatever else they are."""
    user, ticket = db.session.get(User, subscription.user_id), event.ticket
    if channel.audience == Audience.STAFF:
        return policy.sees(user, ticket)
    return ticket.requester_id == user.id and policy.hears(user, ticket)


def _withdraw(subscription: Subscription, channel: Channel, event: Event, bookmark: Bookmark):
    hub.take_off(subscription, [channel])
    if channel.audience == Audience.STAFF:
        signals.noticed.send(channel.topic)  # the pages of the others show who is left
    binned = event if event.name == EventName.TICKET_DELETED else None
    frame = farewell(policy.Unseen(event.ticket_id, binned), channel.form)
    # Without an id: what else this event has for them, and its bookmark, follow in a message of their own.
    if channel.form == "html":
        hub.write(subscription, frame)
    elif not _hears_elsewhere(subscription, event):
        hub.write(subscription, wire.frame(frame.things, bookmark))  # or it would be told again


def _hears_elsewhere(subscription: Subscription, event: Event) -> bool:
    topics = set(fragments.topics_of(event))
    return any(channel.topic in topics for channel in subscription.channels)
