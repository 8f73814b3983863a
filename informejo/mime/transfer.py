"""The content of a part as it was before it was packed for the way: base64, quoted-printable, uuencode."""

import binascii
import re
from collections.abc import Iterator
from typing import NamedTuple

LETTERS = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/="
NOT_BASE64 = bytes(set(range(256)) - set(LETTERS))
WORDS = re.compile(rb"[\r\n][!-~]+ +[!-~]")
SPACES = (b"\r", b"\n", b" ", b"\t")
CHUNK = 1 << 20  # bytes; four letters of base64 are never cut
UU_BEGIN = re.compile(rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?$", re.MULTILINE)


class Unpacked(NamedTuple):
    """The bytes, and whether some of them could not be read."""

    content: bytes
    damaged: bool = False


def unpacked(body: bytes, encoding: str) -> Unpacked:
    """The content by its Content-Transfer-Encoding (RFC 2045, 6); an unknown one is left as it is."""
    match encoding.strip().lower():
        case "base64":
            return _base64(body)
        case "quoted-printable":
            return Unpacked(binascii.a2b_qp(body))
        case "x-uuencode" | "uuencode" | "x-uue":
            return _uu(body)
    return Unpacked(body)


def _base64(body: bytes) -> Unpacked:
    # A footer that a mailing list put below. Base64 has no spaces, and to look for words in 20 MB takes half a second.
    words = WORDS.search(body) if b" " in body else None
    body = body[: words.start()] if words else body
    letters = b"".join(chunk.translate(None, NOT_BASE64) for chunk in _chunks(body))
    first, _, rest = letters.partition(b"=")
    content = [_decoded(first)]
    more = rest.lstrip(b"=")
    if whole := more and len(more.rstrip(b"=")) % 4 != 1 and b"=" not in more.rstrip(b"="):
        content.append(_decoded(more.rstrip(b"=")))  # two pieces, each packed by itself
    strange = len(letters) + sum(body.count(space) for space in SPACES) < len(body)
    return Unpacked(b"".join(content), bool(words or strange or len(first) % 4 == 1 or (more and not whole)))


def _decoded(letters: bytes) -> bytes:
    """What is too little for a byte at the end is left out."""
    letters = letters[:-1] if len(letters) % 4 == 1 else letters
    letters += b"=" * (-len(letters) % 4)
    return b"".join(map(binascii.a2b_base64, _chunks(letters)))


def _chunks(content: bytes) -> Iterator[bytes]:
    """Pieces that do not keep other threads waiting for long."""
    return (content[start : start + CHUNK] for start in range(0, len(content), CHUNK))


def _uu(body: bytes) -> Unpacked:
    begin = UU_BEGIN.search(body)
    content, damaged = [], False
    for line in body[begin.end() if begin else 0 :].splitlines():
        if line.strip() == b"end":
            break
        try:
            content.append(binascii.a2b_uu(line))
        except binascii.Error:
            damaged = True
    return Unpacked(b"".join(content), damaged)
