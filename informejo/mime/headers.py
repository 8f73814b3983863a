"""The head of a mail or of a part: fields, encoded words, parameters. Each in one pass, however it is made."""

import binascii
import re
from collections.abc import Iterator
from email.message import Message
from itertools import islice
from urllib.parse import unquote_to_bytes

from informejo.mime import charsets
from informejo.text import clean_line

MOST_HEAD = 1_000_000  # bytes of a head that are looked at
MOST_FIELDS = 1_000
MOST_VALUE = 100_000  # characters of one field
MOST_PIECES = 200  # of a parameter that comes in several
END_OF_HEAD = re.compile(rb"\r?\n\r?\n|\r\r")
LINE_END = re.compile(rb"\r\n|\n|\r")
FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:[ \t]*(.*)", re.DOTALL)
WORD = re.compile(r"=\?([^?\s]{1,80})\?([bBqQ])\?([^?]*)\?=")
# A quotation mark within a quoted value, as some programs leave it, ends it only where a parameter may end.
PARAMETER = re.compile(r';\s*([^\s=;]+)\s*=\s*(?:"((?:[^"\\]|\\.?|"(?!\s*(?:;|$)))*)(?:"|$)|([^;]*))', re.DOTALL)
MOST_ID = 500
ID = re.compile(r"<[^<>\s]{1,500}>")
SECTION = re.compile(r"(.+?)(?:\*([0-9]{1,4}))?(\*)?")


def split(raw: bytes) -> tuple[list[tuple[str, str]], bytes]:
    """The fields in their order, unfolded, and what comes below them. What begins with no field has no head."""
    if raw[:1] in (b"\r", b"\n"):
        return [], raw[2:] if raw.startswith(b"\r\n") else raw[1:]
    end = END_OF_HEAD.search(raw)
    head, body = (raw[: end.start()], raw[end.end() :]) if end else (raw, b"")
    fields = list(islice(_fields(head[:MOST_HEAD]), MOST_FIELDS))
    return (fields, body) if fields else ([], raw)


def _fields(head: bytes) -> Iterator[tuple[str, str]]:
    """A line that is no field is skipped, with what continues it, as mail programs do."""
    pieces: list[bytes] = []
    for line in [*LINE_END.split(head), b""]:
        if line[:1] in (b" ", b"\t"):
            pieces.append(line)
            continue
        if found := FIELD.match(b"".join(pieces)):
            yield _field(found)
        pieces = [line]


def _field(found: re.Match) -> tuple[str, str]:
    value = found[2][:MOST_VALUE].replace(b"\0", b"")
    text = value.decode("ascii") if value.isascii() else charsets.plainly(value, "utf-8")
    return found[1].decode("ascii"), text.strip()


def message(fields: list[tuple[str, str]]) -> Message:
    """The fields as the standard library has them: looked up in any case, the first of several."""
    made = Message()
    for name, value in fields:
        made[name] = value
    return made


def words(value: str) -> str:
    """Encoded words as text (RFC 2047). What is broken stays as it is; letters cut in two words come together."""
    if "=?" not in value:
        return value
    text, waiting, end = [], [], 0

    def flush():
        if waiting:
            text.append(charsets.plainly(b"".join(content for _, content in waiting), waiting[0][0]))
            waiting.clear()

    for found in WORD.finditer(value):
        between, charset = value[end : found.start()], found[1].partition("*")[0].lower()
        if not waiting or between.strip() or waiting[0][0] != charset:
            flush()
            text.append(between if between.strip() or not end else "")
        waiting.append((charset, _word(found[2], found[3])))
        end = found.end()
    flush()
    return "".join([*text, value[end:]])


def _word(encoding: str, content: str) -> bytes:
    if encoding in "qQ":
        return binascii.a2b_qp(content.encode("utf-8").replace(b" ", b"_"), header=True)
    letters = re.sub(rb"[^A-Za-z0-9+/]", b"", content.encode("ascii", "ignore"))
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    return binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))


def line(value: str) -> str:
    """A field as one clean line for people."""
    return clean_line(words(value))


def ids(value: str) -> list[str]:
    """The Message-Ids in a field, with their brackets."""
    return ID.findall(value) or [f"<{word}>" for word in value.split()[:1] if "@" in word and len(word) < MOST_ID]


def parameters(value: str) -> dict[str, str]:
    """What stands behind the first semicolon: names in lower case, values as text (RFC 2231, and RFC 2047 as found)."""
    plain: dict[str, str] = {}
    pieces: dict[str, dict[int, tuple[bool, str]]] = {}
    for found in PARAMETER.finditer(value):
        text = found[3].strip() if found[2] is None else re.sub(r'\\(["\\])', r"\1", found[2])
        name, number, encoded = SECTION.fullmatch(found[1].lower()).groups()
        if number is None and not encoded:
            plain.setdefault(name, words(text))
        elif len(pieces.setdefault(name, {})) < MOST_PIECES:
            pieces[name].setdefault(int(number or 0), (bool(encoded), text))
    return plain | {name: _joined(found) for name, found in pieces.items()}


def _joined(pieces: dict[int, tuple[bool, str]]) -> str:
    charset, content = "utf-8", []
    for place, (_, (encoded, piece)) in enumerate(sorted(pieces.items())):
        text = piece
        if not place and encoded and piece.count("'") > 1:
            charset, _, text = piece.split("'", 2)
        content.append(unquote_to_bytes(text) if encoded else text.encode("utf-8"))
    return words(charsets.plainly(b"".join(content), charset))
