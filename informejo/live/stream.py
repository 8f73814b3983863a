"""The door of the live pages: opens a stream, replays what was missed, and hands the connection to the hub."""

from collections.abc import Iterable, Iterator

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from informejo import metrics, policy
from informejo.accounts.sign_ins import holds
from informejo.events import log
from informejo.live import fragments, held, opening, presence, returns, sight, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.hub import Full, hub
from informejo.live.opening import Opened, Wanted
from informejo.live.subscription import Subscription
from informejo.live.wire import HEADERS, Channel
from informejo.web import actor, opens_stream

bp = Blueprint("live", __name__)
bp.after_request(returns.count_refused)


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
    wanted = _wanted(form)
    channels, unseen = opening.channels(wanted)
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    lost = unseen if form == "html" else _newly_lost(unseen, channels, wanted.asked)
    farewells = b"".join(wire.unchunk(sight.farewell(one, form).chunk) for one in lost)
    if returns.asks_once():
        return Response(farewells + _once(wanted, channels, opening.here(wanted, unseen)), headers=HEADERS)
    return Stream(_begin(wanted, channels, unseen, farewells))


def _wanted(form: str) -> Wanted:
    actor()  # visitors end here
    topics = request.args.getlist("on")
    return Wanted(g.session, g.standing, g.revocations, topics, form, returns.asked(), returns.is_one())


def _begin(wanted: Wanted, *gathered) -> Opened:
    if hub.closing:
        metrics.streams_refused.labels("closing").inc()
        raise ServiceUnavailable("The desk is restarting.", retry_after=2)
    try:
        return opening.begin(wanted, *gathered)
    except Full as full:
        metrics.streams_refused.labels("personal" if full.personal else "total").inc()
        if full.personal:
            raise TooManyRequests(retry_after=30) from None
        raise ServiceUnavailable("Too many people are watching.", retry_after=30) from None


def _once(wanted: Wanted, channels: tuple[Channel, ...], here: Bookmark) -> bytes:
    """All that a stream would begin with, for a browser whose streams are held back: it ends, and asks again."""
    content, sign_in = opening.past(wanted, channels, here).content, wanted.sign_in
    if wanted.form == "html":
        held.note(sign_in.id)
        content += _notices(channels)
        opening.require_holding(holds(sign_in.id, sign_in.user.role))
    opening.require_no_revocation(wanted)
    ready = wire.message(wire.stamp(), id=here, event="ready", retry=held.ASK_AGAIN)
    return content + ready + wire.unchunk(wire.beat().chunk)


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


def _notices(channels: tuple[Channel, ...]) -> bytes:
    """Who is here, and that something may have been read: streams are told when it changes, and it is in no event."""
    notices = [notice for channel in channels for notice in presence.at(channel)]
    return wire.message(fragments.render(notices)) if notices else b""


class Stream(Response):
    """The answer that is a stream: its head and greeting go to the hub together with the connection."""

    def __init__(self, opened: Opened):
        super().__init__(_read(*opened), headers=HEADERS)
        self.opened = opened

    def __call__(self, environ: dict, start_response) -> Iterable[bytes]:
        """Hand the connection to the hub; without a plain socket, be read like other answers."""
        connection = environ.get("gunicorn.socket")
        if opening.can_be_handed_over(environ):
            opening.hand_over(self.opened, connection, self.get_wsgi_headers(environ))
        self.opened.subscription.connection = connection
        return super().__call__(environ, start_response)


def _read(subscription: Subscription, greeting: bytes) -> Iterator[bytes]:
    """A stream for servers that write it themselves."""
    try:
        yield greeting
        subscription.connection = None
        hub.begin(subscription)
        yield from subscription.frames()
    finally:
        hub.drop(subscription)
