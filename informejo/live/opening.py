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
from informejo.accounts.sign_ins import Asking, SignIn, Viewer, here_while_holding, holds
from informejo.live import presence, replay, returns, wire
from informejo.live.bookmark import Bookmark
from informejo.live.hub import hub
from informejo.live.subscription import Subscription
from informejo.live.wire import Channel

MAX_TOPICS = 8
SOONEST, LATEST = 200, 5_000  # milliseconds after which a browser that was cut off comes back
STREAM = "informejo.stream"  # in a request's environ: the stream that is its answer, and the headers of its head

logger = logging.getLogger(__name__)


class Wanted(NamedTuple):
    """A stream that somebody asks for: who, as `sign_ins.viewer_for` found them, and what the request says."""

    asking: Asking
    topics: list[str]
    form: str  # `html` or `json`
    last_event_id: str | None  # the header of a browser that had a stream before; it may be empty
    since: str  # the bookmark in the address, of the moment in which the page was drawn; empty without one

    @property
    def sign_in(self) -> SignIn:
        """That of who asks."""
        return self.asking.session

    @property
    def viewer(self) -> Viewer:
        """Who asks."""
        return self.asking.session.user

    @property
    def bookmark(self) -> str:
        """After which event the browser wants to be told, sealed; empty if it does not say."""
        return self.last_event_id or self.since


class Opened(NamedTuple):
    """A stream that is open, and the greeting that nobody has written to it yet."""

    subscription: Subscription
    greeting: bytes


def find_channels(wanted: Wanted) -> tuple[tuple[Channel, ...], list[policy.Unseen]]:
    """What this stream listens to, and the tickets it names that are not there for this person (any more).

    Whoever brings a bookmark was here before, and is told so by the stream instead of being refused.
    """
    if not 0 < len(wanted.topics) <= MAX_TOPICS:
        raise NotFound
    channels, unseen = policy.channels(wanted.viewer, wanted.topics, wanted.form)
    if unseen and not wanted.bookmark:
        raise unseen[0]
    return channels, unseen


def open_stream(wanted: Wanted, channels: tuple[Channel, ...], unseen=(), farewells: bytes = b"") -> Opened:
    """Open the stream and gather its greeting, after which live messages follow.

    Raises `hub.Refused` where none may be opened, ServiceUnavailable where rights have changed meanwhile. Whatever it
    raises, nothing is open then.
    """
    current_app.extensions["broadcast"].begin()
    subscription = _subscribe(wanted, channels)
    try:
        require_no_revocation(wanted)  # from here on it is in the hub, and every further one finds it there
        here = find_end(wanted, unseen)
        missed = read_missed(wanted, subscription.channels, here)
        subscription.settle(here.id)  # what waited and was replayed is dropped, and live messages are let through
        ready = wire.message(wire.stamp(), id=here, event="ready", retry=_retry())
        hub.write(subscription, wire.PUSH)
        presence.welcome(subscription)
        topics = ",".join([channel.topic for channel in channels])
        logger.info("stream opened user=%s topics=%s", wanted.viewer.id, topics)
        if wanted.last_event_id is not None:
            returns.count(missed.events)
    except BaseException:
        hub.drop(subscription)
        raise
    return Opened(subscription, wire.PADDING + farewells + missed.content + ready)


def hand_over(opened: Opened, connection: socket.socket, headers: Iterable[tuple[str, str]]) -> NoReturn:
    """Give the connection to the hub, which writes head and greeting, and raise BrokenPipeError.

    gunicorn's gevent worker takes the error for a browser that left: it closes its own descriptor, writes nothing
    more, and is free. The connection lives on in the duplicate that the hub made. Whatever else it raises, nothing was
    written, and the stream has ended. Nothing may be left to do for the request: what fails after this would be
    answered in the middle of the stream.
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
    if hub.revocations != wanted.asking.revocations:
        raise ServiceUnavailable("Rights have changed just now.", retry_after=1)


def require_holding(wanted: Wanted):
    """Ask the database, and raise ServiceUnavailable if the sign-in has ended by now, or its owner has another role or
    sees less or more of the desk.

    Asked after all was read that is sent, it says that all of it was theirs: the broadcast, and with it the hub, may
    not have come to the end of it yet.
    """
    if not holds(wanted.sign_in.id, wanted.viewer.role, wanted.viewer.narrowed):
        raise _changed()


def find_end(wanted: Wanted, unseen) -> Bookmark:
    """Up to where this stream is replayed: where the log stood when it was looked up who asks.

    What came later reaches the subscription, which is open by now, or comes with the next of who asks once. But what
    was shown between the look and the opening did not, so then log and sign-in are asked again; as they are where
    tickets are missing, which were looked for after that. Raises ServiceUnavailable where the sign-in has ended.
    """
    here = wanted.asking.standing.bookmark
    if unseen or current_app.extensions["broadcast"].reached > here.id:
        here = here_while_holding(wanted.sign_in.id, wanted.viewer)
        if here is None:
            raise _changed()
    return here


def read_missed(wanted: Wanted, channels: tuple[Channel, ...], here: Bookmark) -> replay.Missed:
    """What the browser missed up to `here`. Raises ServiceUnavailable when the sign-in ended while it was read."""
    missed = replay.missed(wanted.bookmark, here, channels, wanted.viewer)
    if missed.events and not missed.as_of_here:  # else nothing is sent that was written since the sign-in was looked up
        require_holding(wanted)
    return missed


def _subscribe(wanted: Wanted, channels: tuple[Channel, ...]) -> Subscription:
    of_one, of_all = current_app.config["STREAMS_PER_USER"], current_app.config["STREAMS_TOTAL"]
    lasts, viewer = (wanted.sign_in.ends_at - clock.now()).total_seconds(), wanted.viewer
    room = {"per_user": of_one, "total": of_all, "only": viewer.only}
    return hub.subscribe(channels, viewer.id, wanted.sign_in.id, lasts=lasts, **room)


def _retry() -> int:
    """Milliseconds until this browser comes back if it is cut off, drawn anew for each stream: so a crowd is spread.

    A small desk is back within a second; the more streams are open, the longer, up to LATEST.
    """
    return random.randint(SOONEST, min(800 + len(hub), LATEST))


def _changed() -> ServiceUnavailable:
    return ServiceUnavailable("Your sign-in has changed just now.", retry_after=1)
