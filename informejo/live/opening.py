"""How a stream opens, whichever door it comes through: what it listens to, what was missed, and who takes it over."""

import errno
import logging
import random
import socket
from collections.abc import Iterable
from typing import NamedTuple, NoReturn

from flask import current_app
from werkzeug.exceptions import NotFound, ServiceUnavailable

from informejo import clock, policy
from informejo.accounts.sign_ins import SignIn, here_while_holding, holds
from informejo.events.log import Standing
from informejo.live import presence, replay, returns, wire
from informejo.live.bookmark import Bookmark
from informejo.live.hub import hub
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel

MAX_TOPICS = 8
SOONEST, LATEST = 200, 5_000  # milliseconds after which a browser that was cut off comes back

logger = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A stream as it is asked for, and what was found of who asks, before any of it is open."""

    sign_in: SignIn
    standing: Standing  # where the log stood in the moment in which the sign-in was found
    revocations: int  # the hub's, noted before that
    topics: list[str]
    form: str  # `html` or `json`
    asked: str  # the bookmark it comes with, empty without one
    returning: bool  # whether this browser had a stream before, and was cut off


class Opened(NamedTuple):
    """A stream that is open and greeted, but not written to yet."""

    subscription: Subscription
    greeting: bytes


def channels(wanted: Wanted) -> tuple[tuple[Channel, ...], list[policy.Unseen]]:
    """What this stream listens to, and the tickets it names that are not there for this person (any more).

    Whoever brings a bookmark was here before, and is told so by the stream instead of being refused.
    """
    if not 0 < len(wanted.topics) <= MAX_TOPICS:
        raise NotFound
    found, unseen = policy.channels(wanted.sign_in.user, wanted.topics, wanted.form)
    if unseen and not wanted.asked:
        raise unseen[0]
    return found, unseen


def begin(wanted: Wanted, channels: tuple[Channel, ...], unseen=(), farewells: bytes = b"") -> Opened:
    """Open the stream and gather its greeting, after which live messages follow.

    Raises `hub.Full` when there is no room, ServiceUnavailable when rights have changed meanwhile; then none is open.
    """
    current_app.extensions["broadcast"].begin()
    subscription = _subscribe(wanted, channels)
    try:
        require_no_revocation(wanted)  # from here on it is in the hub, and every further one finds it there
        greeting = wire.PADDING + farewells + _greeting(subscription, wanted, here(wanted, unseen))
        hub.write(subscription, wire.PUSH)
        topics = ",".join([channel.topic for channel in channels])
        logger.info("stream opened user=%s topics=%s", wanted.sign_in.user.id, topics)
        presence.show_again(subscription)
    except BaseException:
        hub.drop(subscription)
        raise
    return Opened(subscription, greeting)


def hand_over(opened: Opened, connection: socket.socket, headers: Iterable[tuple[str, str]]) -> NoReturn:
    """Give the connection to the hub, which writes head and greeting, and raise BrokenPipeError.

    gunicorn's gevent worker takes the error for a browser that left: it closes its own descriptor, writes nothing
    more, and is free. The connection lives on in the duplicate that the hub made.
    """
    try:
        hub.attach(opened.subscription, connection, wire.head(headers) + wire.chunk(opened.greeting))
    except BaseException:
        hub.drop(opened.subscription, reason="fault")
        raise
    raise BrokenPipeError(errno.EPIPE, "the hub has taken the connection over")


def can_be_handed_over(environ: dict) -> bool:
    """Whether what the hub writes arrives as it was written: on a plain socket. TLS, above all, keeps a state."""
    return type(environ.get("gunicorn.socket")) is socket.socket and environ["SERVER_PROTOCOL"] == "HTTP/1.1"


def require_no_revocation(wanted: Wanted):
    """Raise ServiceUnavailable if rights ended since this person's were looked up: theirs may be among them.

    Their browser comes back at once, and is looked up anew.
    """
    if hub.revocations != wanted.revocations:
        raise ServiceUnavailable("Rights have changed just now.", retry_after=1)


def require_holding(sign_in):
    """Raise ServiceUnavailable if this sign-in or this role has ended by now, or what was gathered was not theirs.

    It is asked of the database, after all of that was read there: the broadcast may not have come to it yet.
    """
    if not sign_in:
        raise ServiceUnavailable("Your sign-in has changed just now.", retry_after=1)


def here(wanted: Wanted, unseen) -> Bookmark:
    """Up to where this stream is replayed: where the log stood when it was looked up who asks.

    What came later reaches the subscription, which is open by now. But what was shown between the look and the opening
    did not, so then log and sign-in are asked again; as they are where tickets are missing, which were looked for after
    that. Raises ServiceUnavailable when the sign-in does not hold any more.
    """
    found = wanted.standing.bookmark
    if unseen or current_app.extensions["broadcast"].reached > found.id:
        found = here_while_holding(wanted.sign_in.id, wanted.sign_in.user.role)
        require_holding(found)
    return found


def past(wanted: Wanted, channels: tuple[Channel, ...], here: Bookmark) -> replay.Missed:
    """What the browser missed up to `here`. Raises ServiceUnavailable when the sign-in ended while it was read."""
    missed = replay.missed(wanted.asked, here, channels, wanted.sign_in.user)
    if missed.events and not missed.as_of_here:  # else nothing is sent that was written since the sign-in was looked up
        require_holding(holds(wanted.sign_in.id, wanted.sign_in.user.role))
    return missed


def _subscribe(wanted: Wanted, channels: tuple[Channel, ...]) -> Subscription:
    of_one, of_all = current_app.config["STREAMS_PER_USER"], current_app.config["STREAMS_TOTAL"]
    sign_in = wanted.sign_in
    lasts = (sign_in.expires_at - clock.now()).total_seconds()
    return hub.subscribe(channels, sign_in.user.id, sign_in.id, per_user=of_one, total=of_all, lasts=lasts)


def _greeting(subscription: Subscription, wanted: Wanted, here: Bookmark) -> bytes:
    """What the browser missed, then `ready`; counts its return. From here on live messages are let through.

    Those that waited and were replayed are dropped. Raises ServiceUnavailable when the sign-in does not hold any more.
    """
    missed = past(wanted, subscription.channels, here)
    if wanted.returning:
        returns.count(missed.events)
    subscription.settle(here.id)
    return missed.content + wire.message(wire.stamp(), id=here, event="ready", retry=_retry())


def _retry() -> int:
    """Milliseconds until this browser comes back if it is cut off, drawn anew for each stream: so a crowd is spread.

    A small desk is back within a second; the more streams are open, the longer, up to LATEST.
    """
    return random.randint(SOONEST, min(800 + len(hub), LATEST))
