"""The tree of a mail's parts (RFC 2046), no deeper and no wider than mails of people are."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from informejo.mime import headers

MOST_LEVELS = 20
MOST_PARTS = 200
REST = re.compile(rb"(?:--)?[ \t]*(?=\r|\n|\Z)")
LINE = re.compile(rb"^--([^\r\n]{1,200})", re.MULTILINE)


@dataclass
class Entity:
    """A mail, or a part: its fields, and either what it contains or its own parts."""

    fields: dict[str, str]  # names in lower case; the first of several
    body: bytes
    media_type: str = "text/plain"
    parameters: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    name: str = ""
    children: list["Entity"] = field(default_factory=list)

    @property
    def encoding(self) -> str:
        return self.fields.get("content-transfer-encoding", "").partition(";")[0].strip().lower()


def tree(fields: list[tuple[str, str]], body: bytes, oddities: list[str]) -> Entity:
    """The mail as a tree; what was odd about its form is added to `oddities`."""
    return _Reader(oddities).entity(fields, body, 0, "text/plain")


class _Reader:
    def __init__(self, oddities: list[str]):
        self.oddities, self.left = oddities, MOST_PARTS

    def entity(self, fields: list[tuple[str, str]], body: bytes, level: int, default: str) -> Entity:
        made = _entity(fields, body, default)
        if made.media_type.startswith("multipart/"):
            self.open(made, level)
        return made

    def open(self, made: Entity, level: int):
        if level >= MOST_LEVELS:
            self.odd(f"Its parts lie inside each other more than {MOST_LEVELS} deep; the deepest are kept as a file.")
            made.media_type = "application/octet-stream"
            return
        pieces = self.pieces(made)
        if pieces is None:
            self.odd("It says that it has several parts, but has none; it was read as text.")
            made.media_type = "text/html" if b"<html" in made.body[:2000].lower() else "text/plain"
            return
        default = "message/rfc822" if made.media_type == "multipart/digest" else "text/plain"
        for piece in pieces:
            if self.left <= 0:
                self.odd(f"It has more than {MOST_PARTS} parts; the others are in the original only.")
                break
            self.left -= 1
            made.children.append(self.entity(*headers.split(piece), level + 1, default))

    def pieces(self, made: Entity) -> list[bytes] | None:
        named = made.parameters.get("boundary", "").encode("utf-8").rstrip()
        found = _between(made.body, named) if named else None
        if found is None and (line := LINE.search(made.body)):
            found = _between(made.body, line[1].rstrip())
            if found is not None:
                self.odd("The line between its parts is not the one it names; they were told apart by the first one.")
        if found is not None and not found[1]:
            self.odd("Its last part has no end; it may have been cut off on the way.")
        return found and found[0]

    def odd(self, sentence: str):
        if sentence not in self.oddities:
            self.oddities.append(sentence)


def _entity(fields: list[tuple[str, str]], body: bytes, default: str) -> Entity:
    first = {name.lower(): value for name, value in reversed(fields)}
    kind = first.get("content-type", "")
    media_type = re.sub(r"\s", "", kind.partition(";")[0]).lower() or default
    if not re.fullmatch(r"[\w.+-]{1,100}/[\w.+-]{1,100}", media_type):
        media_type = "text/plain" if media_type in ("text", "plain") else "application/octet-stream"
    parameters = headers.parameters(kind)
    disposed = first.get("content-disposition", "")
    name = headers.parameters(disposed).get("filename") or parameters.get("name", "")
    return Entity(first, body, media_type, parameters, disposed.partition(";")[0].strip().lower(), name)


def _between(body: bytes, boundary: bytes) -> tuple[list[bytes], bool] | None:
    """What stands between the lines of that boundary, and whether the last has its end; None if there is no line."""
    pieces, start = [], None
    for place, line in _lines(body, b"--" + boundary):
        if start is not None:
            pieces.append(body[start : max(start, _before_line_end(body, place))])
        start = _after_line_end(body, place + len(line))
        if line.rstrip() == b"--" + boundary + b"--":
            return pieces, True
    if start is None:
        return None
    return [*pieces, body[start:]], False


def _lines(body: bytes, beginning: bytes) -> Iterator[tuple[int, bytes]]:
    """Each line that is this, with two more dashes or without, and its place."""
    place = body.find(beginning)
    while place >= 0:
        after = place + len(beginning)
        line = REST.match(body, after) if not place or body[place - 1 : place] in (b"\r", b"\n") else None
        if line:
            yield place, body[place : line.end()]
        place = body.find(beginning, after)


def _before_line_end(body: bytes, place: int) -> int:
    return place - (2 if body[max(place - 2, 0) : place] == b"\r\n" else 1)


def _after_line_end(body: bytes, place: int) -> int:
    return place + 2 if body[place : place + 2] == b"\r\n" else place + 1
