"""The browser's end of a connection that the hub writes to, and what can be read there."""

import itertools
import re

import gevent

from informejo.live import wire
from informejo.live.bookmark import Bookmark
from informejo.live.hub import BEAT_SECONDS, Hub
from informejo.live.wire import Channel, Frame, Thing
from tests.live.sse import parse

HERE, THERE = Channel("ticket:1", "staff", "html"), Channel("queue", "staff", "html")
_numbers = itertools.count(1)
ROOM = {"per_user": 1000, "total": 1000, "lasts": 3600}


def frame(text: str, id: int = 0) -> Frame:
    """A message of one thing that no other replaces."""
    return wire.frame([thing(text)], Bookmark("test", id) if id else None)


def thing(text: str) -> Thing:
    return Thing(f"thing-{next(_numbers)}", text)


def say(hub: Hub, text: str, channel: Channel = HERE, id: int = 0) -> int:
    """Publish one text; returns how many it went to."""
    return hub.publish({channel: [thing(text)]}, Bookmark("test", id) if id else None)


def beat_all(hub: Hub, here: Bookmark | None = None):
    """Every stream's turn for a heartbeat, once around; one that began just now gets its early ones besides."""
    for second in range(BEAT_SECONDS):
        hub.beat(second, here)


def read(browser) -> tuple[bytes, bool]:
    """The content of all whole chunks that lie in the browser's end, and whether the response was finished."""
    content, finished = b"", False
    for size, rest in chunks(received(browser)):
        finished = finished or not size
        content += rest
    return content, finished


def received(browser) -> bytes:
    raw = b""
    try:
        while part := browser.recv(65536):
            raw += part
    except BlockingIOError:
        pass
    return raw


def chunks(raw: bytes):
    while match := re.match(rb"([0-9a-f]+)\r\n", raw):
        size = int(match[1], 16)
        end = match.end() + size
        if raw[end : end + 2] != b"\r\n":
            return
        yield size, raw[match.end() : end]
        raw = raw[end + 2 :]


def words(browser) -> list[str]:
    return [message.data for message in parse(read(browser)[0])]


def drained(browser) -> bytes:
    """Everything, with turns for the hub to send what still waits."""
    raw, before = b"", None
    while before != len(raw):
        before = len(raw)
        gevent.idle()
        raw += received(browser)
    return raw


def fill(hub, subscription, text="x" * 500):
    """Write until the browser, which does not read, can take no more and something waits for it."""
    while not subscription.waiting:
        hub.write(subscription, frame(text))
