"""The door of the live pages: opens a stream, replays what was missed, and hands the connection to the hub."""

import errno
import logging
import random
import socket
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, g, request
from sqlalchemy import Select, or_
from werkzeug.exceptions import NotFound, ServiceUnavailable, TooManyRequests

from informejo import clock, db, metrics, policy
from informejo.accounts.models import User
from informejo.accounts.queries import holds
from informejo.events import log
from informejo.events.models import Event
from informejo.live import fragments, held, payload, presence, returns, sight, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.hub import Full, hub
from informejo.live.subscription import Subscription
from informejo.live.wire import HEADERS, Channel
from informejo.tickets.models import Ticket
from informejo.web import actor

MAX_TOPICS = 8
RETRY = (500, 3_000)  # milliseconds, drawn anew for each stream, so that a restart is not followed by a stampede

bp = Blueprint("live", __name__)
bp.after_request(returns.count_refused)
logger = logging.getLogger(__name__)


@bp.get("/live")
def pages():
    """The stream for browsers: unnamed messages of `<hx-partial>`s."""
    return _open("html", _replay_fragments)


@bp.get("/live/events")
def programs():
    """The same events for programs: named messages of JSON. `curl -N` shows them."""
    return _open("json", _replay_events)


def _open(form: str, replay) -> Response:
    channels, unseen = _channels(form)
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    lost = unseen if form == "html" else _newly_lost(unseen, channels)
    farewells = b"".join(wire.unchunk(sight.farewell(one, form).chunk) for one in lost)
    if returns.asks_once():
        return Response(farewells + _once(channels, form, replay), headers=HEADERS)
    current_app.extensions["broadcast"].begin()
    subscription = _subscribe(channels)
    try:
        _require_no_revocation()  # from here on it is in the hub, and every further one finds it there
        greeting = wire.PADDING + farewells + _greeting(subscription, replay)
        _require_sign_in()
        hub.write(subscription, wire.PUSH)
        logger.info("stream opened user=%s topics=%s", subscription.user_id, ",".join(c.topic for c in channels))
        presence.show_again(subscription)
    except BaseException:
        hub.drop(subscription)
        raise
    return Response(_body(subscription, greeting, request.environ), headers=HEADERS)


def _once(channels: tuple[Channel, ...], form: str, replay) -> bytes:
    """All that a stream would begin with, for a browser whose streams are held back: it ends, and asks again."""
    here = log.bookmark()
    content = _past(_missed(returns.asked(), here, channels), here, channels, replay)
    if form == "html":
        held.note(g.session.id)
        content += _notices(channels)
    _require_no_revocation()
    _require_sign_in()
    ready = wire.message(wire.stamp(), id=here, event="ready", retry=held.ASK_AGAIN)
    return content + ready + wire.unchunk(wire.beat().chunk)


def _channels(form: str) -> tuple[tuple[Channel, ...], list[policy.Unseen]]:
    """What this stream listens to, and the tickets it names that are not there for this person (any more).

    Whoever brings a bookmark was here before, and is told so by the stream instead of being refused.
    """
    topics = request.args.getlist("on")
    if not 0 < len(topics) <= MAX_TOPICS:
        raise NotFound
    unseen = policy.unseen_topics(actor(), topics) if returns.asked() else []
    numbers = {one.number for one in unseen}
    heard = [topic for topic in topics if policy.ticket_of(topic) not in numbers]
    return policy.channels(actor(), heard, form), unseen


def _newly_lost(unseen: list[policy.Unseen], channels: tuple[Channel, ...]) -> list[policy.Unseen]:
    """A program hears of each event once: of these, what it did not hear before, nor does on another topic."""
    bookmark = read(returns.asked(), log.epoch())
    heard = {channel.topic for channel in channels}
    return [
        one
        for one in unseen
        if one.binned
        and (bookmark is None or one.binned.id > bookmark.id)
        and heard.isdisjoint(fragments.topics_of(one.binned))
    ]


def _require_no_revocation():
    """Raise ServiceUnavailable if rights ended since this request's were looked up: theirs may be among them.

    Their browser comes back at once, and is looked up anew.
    """
    if hub.revocations != g.revocations:
        raise ServiceUnavailable("Rights have changed just now.", retry_after=1)


def _require_sign_in():
    """Raise ServiceUnavailable if this sign-in or this role has ended by now, or what was gathered was not theirs.

    It is asked of the database, after all of that was read there: the broadcast may not have come to it yet.
    """
    if db.session.scalar(holds(g.session.id, actor().role)) is None:
        raise ServiceUnavailable("Your sign-in has changed just now.", retry_after=1)


def _subscribe(channels: tuple[Channel, ...]) -> Subscription:
    if hub.closing:
        metrics.streams_refused.labels("closing").inc()
        raise ServiceUnavailable("The desk is restarting.", retry_after=2)
    per_user, total = current_app.config["STREAMS_PER_USER"], current_app.config["STREAMS_TOTAL"]
    lasts = (g.session.expires_at - clock.now()).total_seconds()
    try:
        return hub.subscribe(channels, actor().id, g.session.id, per_user=per_user, total=total, lasts=lasts)
    except Full as full:
        metrics.streams_refused.labels("personal" if full.personal else "total").inc()
        if full.personal:
            raise TooManyRequests(retry_after=30) from None
        raise ServiceUnavailable("Too many people are watching.", retry_after=30) from None


def _greeting(subscription: Subscription, replay) -> bytes:
    """What the browser missed, then `ready`. Live messages wait meanwhile; those it replays are dropped."""
    here = log.bookmark()
    missed = _missed(returns.asked(), here, subscription.channels)
    returns.count(missed)
    content = _past(missed, here, subscription.channels, replay)
    subscription.settle(here.id)
    return content + wire.message(wire.stamp(), id=here, event="ready", retry=random.randint(*RETRY))


def _past(missed: list[Event] | None, here: Bookmark, channels: tuple[Channel, ...], replay) -> bytes:
    """What was missed as it is sent."""
    return wire.message("", id=here, event="reset") if missed is None else replay(missed, channels)


def _missed(asked: str, here: Bookmark, channels: tuple[Channel, ...]) -> list[Event] | None:
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
    missed = log.since(bookmark.id, _about(channels).where(Event.id <= here.id), limit + 1, needs)
    return [*missed, *_people_missed(bookmark, here, channels, limit)] if len(missed) <= limit else None


def _people_missed(bookmark: Bookmark, here: Bookmark, channels: tuple[Channel, ...], limit: int) -> list[Event]:
    """A change of somebody who stands on this page: one for all of them, as the page only loads itself again.

    Where too many changed to look at each, somebody on this page is taken to be among them.
    """
    changed = policy.people_events().where(Event.id > bookmark.id, Event.id <= here.id)
    people = list(db.session.scalars(changed.order_by(Event.id.desc()).limit(limit + 1)))
    shown = len(people) > limit or fragments.people_at(people, {channel.topic for channel in channels})
    return people[:1] if shown else []


def _about(channels: tuple[Channel, ...]) -> Select:
    """The events behind these channels, out of those the actor may see."""
    return (
        policy.visible_events(actor())
        .join(Ticket, Ticket.id == Event.ticket_id)
        .where(or_(*(_touches(channel.topic, actor()) for channel in channels)))
    )


def _touches(topic: str, person: User):
    kind, _, id = topic.partition(":")
    if kind == "ticket":
        return Event.ticket_id == int(id)
    if kind == "user":
        return or_(Ticket.requester_id == person.id, Ticket.assignee_id == person.id)
    return Event.ticket_id.is_not(None)


def _replay_fragments(missed: list[Event], channels: tuple[Channel, ...]) -> bytes:
    parts = fragments.gather(missed, channels)
    return wire.message(fragments.render(parts)) if parts else b""


def _notices(channels: tuple[Channel, ...]) -> bytes:
    """Who is here, and that something may have been read: streams are told when it changes, and it is in no event."""
    notices = [notice for channel in channels for notice in presence.at(channel)]
    return wire.message(fragments.render(notices)) if notices else b""


def _replay_events(missed: list[Event], channels: tuple[Channel, ...]) -> bytes:
    epoch = log.epoch()
    told = ((event, payload.of(event, channels[0])) for event in missed)
    return b"".join(
        wire.message(said.text, id=Bookmark(epoch, event.id), event=said.name) for event, said in told if said
    )


def _body(subscription: Subscription, greeting: bytes, environ: dict) -> Iterator[bytes]:
    """The greeting, then nothing more from here: the hub goes on with the connection itself.

    gunicorn's gevent worker takes BrokenPipeError for a browser that left: it closes its own descriptor, writes nothing
    more, and is free. The connection lives on in the duplicate that the hub made.
    """
    handed_over = False
    connection = subscription.connection = environ.get("gunicorn.socket")
    try:
        yield greeting
        subscription.connection = None
        # Only what is written to a plain socket arrives as it was written: TLS, above all, keeps a state of its own.
        if type(connection) is not socket.socket or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            hub.begin(subscription)
            yield from subscription.frames()
        else:
            hub.attach(subscription, connection.fileno())
            handed_over = True
            raise BrokenPipeError(errno.EPIPE, "the hub has taken the connection over")
    finally:
        if not handed_over:
            hub.drop(subscription)
