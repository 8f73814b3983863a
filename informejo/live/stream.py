"""The doors of streams in Flask: who is let in, who is refused and in which words, who gets one whole answer."""

from collections.abc import Iterable, Iterator
from functools import partial

from flask import Blueprint, Response, g, request
from werkzeug.exceptions import ServiceUnavailable, TooManyRequests

from informejo import metrics, policy
from informejo.accounts.sign_ins import Asking
from informejo.events import log
from informejo.live import fragments, held, opening, presence, returns, sight, wire
from informejo.live.bookmark import Bookmark, read
from informejo.live.hub import Refused, hub
from informejo.live.opening import Opened, Wanted
from informejo.live.subscription import Subscription
from informejo.live.wire import HEADERS, Channel
from informejo.web import actor, by_link, opens_stream

REFUSALS = {
    "personal": partial(TooManyRequests, retry_after=30),
    "total": partial(ServiceUnavailable, "Too many people are watching.", retry_after=30),
    "closing": partial(ServiceUnavailable, "The desk is restarting.", retry_after=2),
}

bp = Blueprint("live", __name__)
bp.after_request(returns.count_refused)


@bp.get("/live")
@opens_stream
@by_link
def pages():
    """The stream for browsers: unnamed messages of `<hx-partial>`s."""
    return _open("html")


@bp.get("/live/events")
@opens_stream
@by_link
def programs():
    """The same events for programs: named messages of JSON. `curl -N` shows them."""
    return _open("json")


def _open(form: str) -> Response:
    wanted = _wanted(form)
    channels, unseen = opening.find_channels(wanted)
    if request.method == "HEAD":
        return Response(headers=HEADERS)
    lost = unseen if form == "html" else _newly_lost(unseen, channels, wanted.bookmark)
    farewells = b"".join(wire.unchunk(sight.farewell(one, form).chunk) for one in lost)
    if returns.asks_once():
        return Response(farewells + _once(wanted, channels, opening.find_end(wanted, unseen)), headers=HEADERS)
    try:
        return StreamResponse(opening.open_stream(wanted, channels, unseen, farewells))
    except Refused as refused:
        metrics.streams_refused.labels(refused.reason).inc()
        raise REFUSALS[refused.reason]() from None


def _wanted(form: str) -> Wanted:
    actor()  # visitors end here
    asking, topics = Asking(g.session, g.standing, g.revocations), request.args.getlist("on")
    return Wanted(asking, topics, form, request.headers.get("Last-Event-ID"), request.args.get("since", ""))


def _once(wanted: Wanted, channels: tuple[Channel, ...], here: Bookmark) -> bytes:
    """All that a stream would begin with, for a browser whose streams are held back: it ends, and asks again."""
    content = opening.read_missed(wanted, channels, here).content
    if wanted.form == "html":
        held.note(wanted.sign_in.id)
        content += _notices(channels)
        opening.require_holding(wanted)
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


class StreamResponse(Response):
    """The answer that is a stream: its head and greeting go to the hub together with the connection."""

    def __init__(self, opened: Opened):
        super().__init__(_read(*opened), headers=HEADERS)
        self.opened = opened

    def __call__(self, environ: dict, start_response) -> Iterable[bytes]:
        """Have the connection handed over once Flask is done with it; without a plain socket, be read like others."""
        if opening.can_be_handed_over(environ):
            environ[opening.STREAM] = self.opened, self.get_wsgi_headers(environ)
            return ()
        self.opened.subscription.connection = environ.get("gunicorn.socket")
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
