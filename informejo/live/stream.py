"""The door of the live pages: opens a stream, replays what was missed, and hands the connection to the hub."""

import errno
import logging
import random
import socket
from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, current_app, g, request
from werkzeug.exceptions import NotFound, ServiceUnavailable, TooManyRequests

from informejo import clock, metrics, policy
from informejo.accounts.models import User
from informejo.accounts.sign_ins import here_while_holding, holds
from informejo.events import log
from informejo.live import fragments, held, presence, replay, returns, sight, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.hub import Full, hub
from informejo.live.subscription import Subscription
from informejo.live.wire import HEADERS, Channel
from informejo.web import actor, opens_stream

MAX_TOPICS = 8
SOONEST, LATEST = 200, 5_000  # milliseconds after which a browser that was cut off comes back

bp = Blueprint("live", __name__)
bp.after_request(returns.count_refused)
logger = logging.getLogger(__name__)


@bp.get("/live")
@opens_stream
def pages():
    """The stream for browsers: unnamed messages of `<hx-partial>`s."""
    return _open("html")


@bp.get("/live/events")
@opens_stream
def programs():
    """The same events for programs: named messages of JSON. `curl -N` shows them."""
    return _open("json")


def _open(form: str) -> Response:
    person, asked = actor(), returns.asked()
    channels, unseen = _channels(person, form, asked)
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    lost = unseen if form == "html" else _newly_lost(unseen, channels, asked)
    farewells = b"".join(wire.unchunk(sight.farewell(one, form).chunk) for one in lost)
    if returns.asks_once():
        return Response(farewells + _once(person, channels, form, asked, _here(person, unseen)), headers=HEADERS)
    current_app.extensions["broadcast"].begin()
    subscription = _subscribe(person, channels)
    try:
        _require_no_revocation()  # from here on it is in the hub, and every further one finds it there
        greeting = wire.PADDING + farewells + _greeting(subscription, person, asked, _here(person, unseen))
        hub.write(subscription, wire.PUSH)
        logger.info("stream opened user=%s topics=%s", person.id, ",".join([channel.topic for channel in channels]))
        presence.show_again(subscription)
    except BaseException:
        hub.drop(subscription)
        raise
    return Opened(subscription, greeting)


def _once(person: User, channels: tuple[Channel, ...], form: str, asked: str, here: Bookmark) -> bytes:
    """All that a stream would begin with, for a browser whose streams are held back: it ends, and asks again."""
    content = _past(person, channels, asked, here).content
    if form == "html":
        held.note(g.session.id)
        content += _notices(channels)
        _require_holding(holds(g.session.id, person.role))
    _require_no_revocation()
    ready = wire.message(wire.stamp(), id=here, event="ready", retry=held.ASK_AGAIN)
    return content + ready + wire.unchunk(wire.beat().chunk)


def _channels(person: User, form: str, asked: str) -> tuple[tuple[Channel, ...], list[policy.Unseen]]:
    """What this stream listens to, and the tickets it names that are not there for this person (any more).

    Whoever brings a bookmark was here before, and is told so by the stream instead of being refused.
    """
    topics = request.args.getlist("on")
    if not 0 < len(topics) <= MAX_TOPICS:
        raise NotFound
    channels, unseen = policy.channels(person, topics, form)
    if unseen and not asked:
        raise unseen[0]
    return channels, unseen


def _newly_lost(unseen: list[policy.Unseen], channels: tuple[Channel, ...], asked: str) -> list[policy.Unseen]:
    """A program hears of each event once: of these, what it did not hear before, nor does on another topic."""
    if not unseen:
        return []
    bookmark = read(asked, log.epoch())
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


def _require_holding(sign_in):
    """Raise ServiceUnavailable if this sign-in or this role has ended by now, or what was gathered was not theirs.

    It is asked of the database, after all of that was read there: the broadcast may not have come to it yet.
    """
    if not sign_in:
        raise ServiceUnavailable("Your sign-in has changed just now.", retry_after=1)


def _subscribe(person: User, channels: tuple[Channel, ...]) -> Subscription:
    if hub.closing:
        metrics.streams_refused.labels("closing").inc()
        raise ServiceUnavailable("The desk is restarting.", retry_after=2)
    per_user, total = current_app.config["STREAMS_PER_USER"], current_app.config["STREAMS_TOTAL"]
    lasts = (g.session.expires_at - clock.now()).total_seconds()
    try:
        return hub.subscribe(channels, person.id, g.session.id, per_user=per_user, total=total, lasts=lasts)
    except Full as full:
        metrics.streams_refused.labels("personal" if full.personal else "total").inc()
        if full.personal:
            raise TooManyRequests(retry_after=30) from None
        raise ServiceUnavailable("Too many people are watching.", retry_after=30) from None


def _greeting(subscription: Subscription, person: User, asked: str, here: Bookmark) -> bytes:
    """What the browser missed, then `ready`; counts its return. From here on live messages are let through.

    Those that waited and were replayed are dropped. Raises ServiceUnavailable when the sign-in does not hold any more.
    """
    missed = _past(person, subscription.channels, asked, here)
    returns.count(missed.events)
    subscription.settle(here.id)
    return missed.content + wire.message(wire.stamp(), id=here, event="ready", retry=_retry())


def _retry() -> int:
    """Milliseconds until this browser comes back if it is cut off, drawn anew for each stream: so a crowd is spread.

    A small desk is back within a second; the more streams are open, the longer, up to LATEST.
    """
    return random.randint(SOONEST, min(800 + len(hub), LATEST))


def _here(person: User, unseen: list[policy.Unseen]) -> Bookmark:
    """Up to where this stream is replayed: where the log stood when it was looked up who asks.

    What came later reaches the subscription, which is open by now. But what was shown between the look and the opening
    did not, so then log and sign-in are asked again; as they are where tickets are missing, which were looked for after
    that. Raises ServiceUnavailable when the sign-in does not hold any more.
    """
    here = g.standing.bookmark
    if unseen or current_app.extensions["broadcast"].reached > here.id:
        here = here_while_holding(g.session.id, person.role)
        _require_holding(here)
    return here


def _past(person: User, channels: tuple[Channel, ...], asked: str, here: Bookmark) -> replay.Missed:
    """What the browser missed up to `here`. Raises ServiceUnavailable when the sign-in ended while it was read."""
    missed = replay.missed(asked, here, channels, person)
    if missed.events and not missed.as_of_here:  # else nothing is sent that was written since the sign-in was looked up
        _require_holding(holds(g.session.id, person.role))
    return missed


def _notices(channels: tuple[Channel, ...]) -> bytes:
    """Who is here, and that something may have been read: streams are told when it changes, and it is in no event."""
    notices = [notice for channel in channels for notice in presence.at(channel)]
    return wire.message(fragments.render(notices)) if notices else b""


class Opened(Response):
    """The answer that is a stream: its head and greeting go to the hub together with the connection."""

    def __init__(self, subscription: Subscription, greeting: bytes):
        super().__init__(_read(subscription, greeting), headers=HEADERS)
        self.subscription, self.greeting = subscription, greeting

    def __call__(self, environ: dict, start_response) -> Iterable[bytes]:
        """Hand the connection to the hub and raise BrokenPipeError; without a plain socket, be read like other answers.

        gunicorn's gevent worker takes the error for a browser that left: it closes its own descriptor, writes nothing
        more, and is free. The connection lives on in the duplicate that the hub made.
        """
        connection = environ.get("gunicorn.socket")
        # Only what is written to a plain socket arrives as it was written: TLS, above all, keeps a state of its own.
        if type(connection) is not socket.socket or environ["SERVER_PROTOCOL"] != "HTTP/1.1":
            self.subscription.connection = connection
            return super().__call__(environ, start_response)
        try:
            head = wire.head(self.get_wsgi_headers(environ))
            hub.attach(self.subscription, connection, head + wire.chunk(self.greeting))
        except BaseException:
            hub.drop(self.subscription, reason="fault")
            raise
        raise BrokenPipeError(errno.EPIPE, "the hub has taken the connection over")


def _read(subscription: Subscription, greeting: bytes) -> Iterator[bytes]:
    """A stream for servers that write it themselves."""
    try:
        yield greeting
        subscription.connection = None
        hub.begin(subscription)
        yield from subscription.frames()
    finally:
        hub.drop(subscription)
