"""The content of a part as it was before it was packed for the way: base64, quoted-printable, uuencode."""

import binascii
import re
from typing import NamedTuple

NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=]+")
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
    letters = NOT_BASE64.sub(b"", body)
    first, _, rest = letters.partition(b"=")
    whole = first[:-1] if len(first) % 4 == 1 else first
    content = binascii.a2b_base64(whole + b"=" * (-len(whole) % 4))
    more = rest.strip(b"=")
    if more and len(more) % 4 == 0:  # two pieces, each packed by itself
        content += binascii.a2b_base64(more)
        more = b""
    strange = len(re.sub(rb"\s+", b"", body)) - len(letters)
    return Unpacked(content, bool(strange or more or len(first) != len(whole)))


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
