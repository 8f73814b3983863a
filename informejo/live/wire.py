"""How a message looks on the wire: Server-Sent Events (WHATWG HTML, 9.2) inside HTTP/1.1 chunks (RFC 9112, 7.1)."""

import re
from typing import NamedTuple

_LINE_ENDS = re.compile(r"\r\n|\r|\n")  # the three that an event stream knows, and no other
_BOOKMARK = re.compile(r"([a-z0-9]{1,32})-([0-9]{1,18})", re.ASCII)
HEADERS = {"Cache-Control": "no-store", "X-Accel-Buffering": "no", "Content-Type": "text/event-stream; charset=utf-8"}
LAST_CHUNK = b"0\r\n\r\n"


class Channel(NamedTuple):
    """All who get the very same bytes: what is shown, to whom, in which form (`html` or `json`)."""

    topic: str
    audience: str
    form: str


class Bookmark(NamedTuple):
    """How far a reader has read: the log's epoch and the last event id. On the wire `<epoch>-<id>`."""

    epoch: str
    id: int

    def __str__(self) -> str:
        return f"{self.epoch}-{self.id}"


def read_bookmark(text: str) -> Bookmark | None:
    """The bookmark that `text` spells, or None when it spells none, whatever it is."""
    match = _BOOKMARK.fullmatch(text)
    return Bookmark(match[1], int(match[2])) if match else None


def message(data: str, *, id: Bookmark | None = None, event: str = "", retry: int | None = None) -> bytes:
    """One event-stream message. `retry` is in milliseconds; only `data` may hold text that people wrote."""
    fields = [f"retry: {retry}"] if retry is not None else []
    if id is not None:
        fields.append(f"id: {id}")
    if event:
        fields.append(f"event: {event}")
    fields += [f"data: {line}" for line in _LINE_ENDS.split(data.replace("\0", "\ufffd"))]
    return ("\n".join(fields) + "\n\n").encode("utf-8", "replace")


def chunk(content: bytes) -> bytes:
    """`content` as one HTTP chunk, so that a socket can be written to without a server in between."""
    return b"%x\r\n%b\r\n" % (len(content), content)


def unchunk(chunked: bytes) -> bytes:
    """The content of one chunk, for servers that make their own."""
    size, _, rest = chunked.partition(b"\r\n")
    return rest[: int(size, 16)]
