"""What a mail says and what it brings along: one text, one HTML, and files, out of the tree of its parts."""

import re
from dataclasses import dataclass, field
from typing import NamedTuple
from urllib.parse import unquote

from markupsafe import escape

from informejo.mime import appointments, charsets, flowing, names, sealed
from informejo.mime.entities import Entity
from informejo.mime.plain import to_text
from informejo.mime.transfer import unpacked

MOST_BYTES = 8_000_000  # of a text
MOST_HTML = 2_000_000  # characters
BODY_TYPES = ("text/plain", "text/html")
UNSEEN = ("text/x-amp-html", "text/watch-html")  # the same text once more, for programs that nobody has
CALENDARS = ("text/calendar", "application/ics")
MOST_STUB = 1_000  # characters of a text that may be none
POORER = 4  # times as long as such a text is that of the HTML
STUB = re.compile(
    r"html|browser|navigateur|navegador|web ?version|online[- ]?version|prohlížeč|przegląd|браузер|浏览器|ブラウザ",
    re.IGNORECASE,
)
META = re.compile(rb"<meta[^>]{1,200}charset=[\"']?([\w-]{1,40})", re.IGNORECASE)
CID = re.compile(r"cid:([^\s\"'<>)]{1,500})", re.IGNORECASE)


class Part(NamedTuple):
    """A file that came with a mail. An inline one is a picture that is shown within the text."""

    name: str
    media_type: str
    content_id: str  # without its brackets; "" if it has none
    inline: bool
    content: bytes


class Piece(NamedTuple):
    """A stretch of what was said; either of the two may be empty."""

    text: str = ""
    html: str = ""

    def said(self) -> str:
        """The text; where it is none, or only says that there is HTML, that of the HTML."""
        if not self.html or len(self.text) > MOST_STUB:
            return self.text
        rich = to_text(self.html)
        is_poor = len(self.text.strip()) * POORER < len(rich) or (len(self.text) < len(rich) and STUB.search(self.text))
        return rich if is_poor else self.text


@dataclass
class Contents:
    """What was found so far, in its order."""

    pieces: list[Piece] = field(default_factory=list)
    parts: list[Part] = field(default_factory=list)
    appointments: list[str] = field(default_factory=list)  # each as some lines
    oddities: list[str] = field(default_factory=list)

    @property
    def text(self) -> str:
        said = (piece.said().strip("\n") for piece in self.pieces)
        return "\n\n".join(filter(None, [*dict.fromkeys(self.appointments), *said]))

    @property
    def html(self) -> str:
        if not any(piece.html for piece in self.pieces):
            return ""
        return "\n".join(piece.html or f"<pre>{escape(piece.text)}</pre>" for piece in self.pieces)[:MOST_HTML]


def read(root: Entity, oddities: list[str]) -> Contents:
    """All that the mail holds; nothing is left out but what is the same text in another form."""
    contents = Contents(oddities=oddities)
    _walk(root, contents, whole=True)
    shown = {unquote(cid).lower() for cid in CID.findall(contents.html)}
    contents.parts = [
        part._replace(inline=part.media_type.startswith("image/") and (part.inline or part.content_id.lower() in shown))
        for part in contents.parts
    ]
    return contents


def _walk(entity: Entity, contents: Contents, whole: bool):
    """`whole`: it is all that the mail says, or one form of that; then a text is no file, though it has a name."""
    if sentence := sealed.of_type(entity.media_type, entity.parameters, entity.name):
        contents.oddities.append(sentence)
    if entity.media_type == "multipart/alternative":
        _alternative(entity, contents)
    elif entity.children:
        for place, child in enumerate(entity.children):
            _walk(child, contents, whole=not place and entity.media_type == "multipart/related")
    elif entity.media_type in UNSEEN or entity.media_type.startswith("multipart/"):
        return
    elif _is_said(entity, whole):
        contents.pieces.append(_piece(entity, contents.oddities))
    else:
        contents.parts.append(_part(entity, contents))


def _alternative(entity: Entity, contents: Contents):
    """The plainest text and the richest HTML of several forms; files in any of them."""
    forms = [Contents(oddities=contents.oddities) for _ in entity.children]
    for form, child in zip(forms, entity.children, strict=True):
        _walk(child, form, whole=True)
        contents.parts += form.parts
        contents.appointments += form.appointments
    text = next((text for form in forms if (text := "\n\n".join(piece.text for piece in form.pieces).strip())), "")
    html = next((form.html for form in reversed(forms) if form.html), "")
    contents.pieces.append(Piece(text, html))


def _is_said(entity: Entity, whole: bool) -> bool:
    if entity.media_type not in BODY_TYPES or entity.disposition == "attachment":
        return False
    return whole or not entity.name


def _piece(entity: Entity, oddities: list[str]) -> Piece:
    text = _letters(entity, oddities)
    if entity.media_type == "text/html":
        return Piece(html=text)
    if entity.parameters.get("format", "").lower() == "flowed":
        text = flowing.joined(text, entity.parameters.get("delsp", "").lower() == "yes")
    return Piece(sealed.opened(text, oddities))


def _letters(entity: Entity, oddities: list[str]) -> str:
    content, damaged = unpacked(entity.body, entity.encoding)
    if damaged:
        oddities.append("Some of its text could not be unpacked.")
    if len(content) > MOST_BYTES:
        content = content[: content.rfind(b"\n", 0, MOST_BYTES)]
    charset = entity.parameters.get("charset", "")
    if not charset and entity.media_type == "text/html" and (found := META.search(content[:3_000])):
        charset = found[1].decode("ascii")
    text, used = charsets.decoded(content, charset)
    as_said = used.startswith(charsets.codec(charset) or "utf-8" * (not charset) or "?")
    if not content.isascii() and not as_said:
        oddities.append(f"It says that its text is in {charset or 'no charset'}; it was read as {used}."[:200])
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _part(entity: Entity, contents: Contents) -> Part:
    content, damaged = unpacked(entity.body, entity.encoding)
    name = names.of(entity, content, [part.name for part in contents.parts])
    if damaged:
        contents.oddities.append(f"The file {name} could not be unpacked as a whole; it may be damaged.")
    content_id = entity.fields.get("content-id", "").strip().strip("<>").strip()
    if entity.media_type in CALENDARS:
        contents.appointments += filter(None, [appointments.to_text(_letters(entity, contents.oddities))])
    return Part(name, entity.media_type, content_id, entity.disposition == "inline", content)
