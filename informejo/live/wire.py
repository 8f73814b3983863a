"""How a message looks on the wire: Server-Sent Events (WHATWG HTML, 9.2) inside HTTP/1.1 chunks (RFC 9112, 7.1)."""

import re
import time
from collections.abc import Iterable
from typing import NamedTuple

from werkzeug.http import http_date

from informejo.live.bookmark import Bookmark
from informejo.version import BUILD

_LINE_ENDS = re.compile(r"\r\n|\r|\n")  # the three that an event stream knows, and no other
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
LAST_CHUNK = b"0\r\n\r\n"
_BEGAN = time.monotonic()
LISTS = ("queue", "desk")  # topics that every ticket touches
OWN = "user:"  # begins the topic of one person

# A comment: some of what stands in the way wants to see so much before it passes anything on.
PADDING = b":" + b" " * 2048 + b"\n"


class Channel(NamedTuple):
    """All who get the very same bytes: what is shown, to whom, in which form (`html` or `json`)."""

    topic: str
    audience: str
    form: str


def is_own_list(topic: str) -> bool:
    """Whether that is a list which one person sees as nobody else does: `queue:7` beside `queue`."""
    kind, _, whose = topic.partition(":")
    return kind in LISTS and bool(whose)


class Thing(NamedTuple):
    """One thing a message shows: what it is, by a key that a newer state of the same thing has too, and how it looks.

    What programs are told has a name, and is a message of its own.
    """

    key: str
    text: str
    name: str = ""


class Frame(NamedTuple):
    """One message, encoded once for all; `things` and `bookmark` let one that waits be joined with others."""

    chunk: bytes
    id: int = 0  # the event's, 0 for what stands in no event
    name: str = ""  # messages with a name are never joined
    things: tuple[Thing, ...] = ()
    bookmark: Bookmark | None = None


def frame(things: Iterable[Thing], bookmark: Bookmark | None = None) -> Frame:
    """The message that shows these things, in their order; one with a name stands alone."""
    things = tuple(things)
    name = things[0].name
    content = message("".join(thing.text for thing in things), id=bookmark, event=name)
    return Frame(chunk(content), bookmark.id if bookmark else 0, name, things, bookmark)


def sign(name: str, *, data: str = "", bookmark: Bookmark | None = None, retry: int | None = None) -> Frame:
    """A message to the page itself, such as `beat`. Of several that wait, the last stands for all."""
    content = message(data, id=bookmark, event=name, retry=retry)
    return Frame(chunk(content), name=name, things=(Thing(name, data, name),), bookmark=bookmark)


def stamp() -> str:
    """What `ready` and each beat say: the release, and when they were sent, in seconds of this process.

    A page to which they come ever later than the first learns from it that something on the way holds them back.
    """
    return f"{BUILD} {time.monotonic() - _BEGAN:.1f}"


def beat(bookmark: Bookmark | None = None) -> Frame:
    """The heartbeat, as of now."""
    return sign("beat", data=stamp(), bookmark=bookmark)


def message(data: str, *, id: Bookmark | None = None, event: str = "", retry: int | None = None) -> bytes:
    """One event-stream message. `retry` is in milliseconds; only `data` may hold text that people wrote."""
    fields = [f"retry: {retry}"] if retry is not None else []
    if id is not None:
        fields.append(f"id: {id}")
    if event:
        fields.append(f"event: {event}")
    fields += [f"data: {line}" for line in _LINE_ENDS.split(data.replace("\0", "\ufffd"))]
    return ("\n".join(fields) + "\n\n").encode("utf-8", "replace")


def head(headers: Iterable[tuple[str, str]]) -> bytes:
    """The head of a 200 answer whose body is sent in chunks, and whose connection is closed after it."""
    fields = [("Date", http_date()), ("Connection", "close"), ("Transfer-Encoding", "chunked"), *headers]
    lines = ["HTTP/1.1 200 OK", *(f"{name}: {value}" for name, value in fields), "", ""]
    return "\r\n".join(lines).encode("latin-1")


def chunk(content: bytes) -> bytes:
    """`content` as one HTTP chunk, so that a socket can be written to without a server in between."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def unchunk(chunked: bytes) -> bytes:
    """The content of one chunk, for servers that make their own."""
    size, _, rest = chunked.partition(b"\r\n")
    return rest[: int(size, 16)]


# Follows the greeting at once: what keeps a message until the next one comes lets go of the greeting.
PUSH = Frame(chunk(PADDING + b"\n"), name="push", things=(Thing("push", "", "push"),))
