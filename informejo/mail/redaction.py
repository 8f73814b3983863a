"""What lets somebody in, taken out of mail before others see it: links, access codes, and what we signed.

Whoever answers a mail of ours quotes it, and with it what is theirs alone. What came is kept as it came; it is taken
out of whatever is shown, handed out or brought to a ticket.
"""

import binascii
import re
from collections.abc import Iterator

WORDS = "taken-out-because-it-lets-somebody-in"  # may stand in an address, and is too short to be a token
NO_CODE, NO_SIGNATURE = "TAKEN-OUT--", "-taken-out-here-"  # as long as what they stand for
DEPTH = 3  # of mails within mails that are packed once more each

# However a program that quotes broke the line; gateways that look at links put them, packed, into others of their own.
_BREAK = r"(?:[ \t]*\r?\n[>| \t]*)?"
_TOKEN = rf"(?:[\w-]{_BREAK}){{42}}[\w-]+"
_SECRETS = {
    "t": _TOKEN,
    "choose-password": _TOKEN,
    "profile/address": _TOKEN,
    "mail/confirm": r"[0-9]{1,17}\.[A-Za-z2-7]{16}",
}
_SLASHES = ("/", "%2F", "%2f", "%252F", "%252f", "_", "\\/", "&#x2F;", "&#47;")
# Each pattern begins with plain letters, for which megabytes are looked through in milliseconds.
_LINKS = {  # what each begins with, and the whole
    begins: re.compile(f"({re.escape(begins)})({secret})", re.ASCII)
    for slash in _SLASHES
    for place, secret in _SECRETS.items()
    for begins in [f"{slash}{place.replace('/', slash)}{slash}"]
}
_GAP = r"[\s>|*_\xa0\xc2]|&nbsp;|&#160;"  # a space that does not break is two letters where bytes are looked through
_CODE = re.compile(
    rf"(ccess(?:{_GAP})+code(?:{_GAP}|<[^<>]{{0,500}}>)+)([2-9A-Z]{{5}}-{_BREAK}[2-9A-Z]{{5}})(?![\w-])", re.ASCII
)
_SIGNED = re.compile(r"(\.)([A-Za-z2-7]{16})(?=@|%40)", re.ASCII)
_BEFORE_SIGNED = re.compile(r"(?:\b[ctx]\.|\+|%2B)[0-9]{1,17}\.[0-9]{1,17}$", re.ASCII | re.IGNORECASE)
_QUOTED = re.compile(rb"(=\r?\n|=[0-9A-Fa-f]{2})")  # quoted-printable
_PACKED = re.compile(  # base64, line by line
    rb"(?:^[A-Za-z0-9+/]{60,}[ \t]*\r?\n)*^[A-Za-z0-9+/]+={0,2}[ \t]*\r?(?:\n|\Z)", re.MULTILINE
)
_NOT_PACKED = re.compile(rb"([^A-Za-z0-9+/]+)")
LEAST_PACKED = 64  # bytes: fewer hold no link
_WIDE = [begins.encode("utf-16-le")[:-1] for begins in (*_LINKS, "ccess")]  # so in both orders of two bytes
BLOCK = 262_144  # bytes that are looked through at once: each letter that is quoted takes a hundred
MAY_BE_TEXT = 200  # bytes: fewer may be plain text all the same


def redacted(text: str) -> str:
    """The text with words in place of what lets somebody in. It is as long as before, so that it fits where it was."""
    for link in _LINKS.values():
        text = link.sub(_without_token, text)
    text = _CODE.sub(lambda found: found[1] + NO_CODE.ljust(len(found[2]), "-"), text)
    return _SIGNED.sub(_without_signature, text)


def redacted_bytes(content: bytes, depth: int = DEPTH) -> bytes:
    """The same for a raw mail or a file: as it stands there, in quoted-printable, in base64 line by line, in UTF-16.

    All else stays to the byte.
    """
    pieces, done = [], 0
    for lines in _PACKED.finditer(content):
        if len(lines[0]) >= LEAST_PACKED and depth:
            repacked = _repacked(lines[0], depth - 1)
            pieces.append(_in_plain(content[done : lines.start()]))
            pieces.append(_in_plain(repacked) if len(repacked) < MAY_BE_TEXT else repacked)
            done = lines.end()
    return _in_wide(b"".join([*pieces, _in_plain(content[done:])]))


def _without_token(found: re.Match) -> str:
    if not any(letter.isupper() for letter in found[2]) and "." not in found[2]:
        return found[0]  # the title of a page in an address, as forums have them; one token in ten billion is so
    long = len(found[2])
    return found[1] + (WORDS if long > len(WORDS) else NO_SIGNATURE).ljust(long, "-")


def _without_signature(found: re.Match) -> str:
    before = found.string[max(0, found.start() - 40) : found.start()]
    return found[1] + NO_SIGNATURE if _BEFORE_SIGNED.search(before) else found[0]


def _in_wide(content: bytes) -> bytes:
    """Letters of two bytes, of which one is nothing."""
    if b"\0" not in content or not any(begins in content for begins in _WIDE):
        return content
    changed = bytearray(content)
    for start in (0, 1):
        changed[start::2] = redacted(content[start::2].decode("latin-1")).encode("latin-1")
    return bytes(changed)


def _in_plain(content: bytes) -> bytes:
    return b"".join(map(_in_block, _blocks(content)))


def _blocks(content: bytes) -> Iterator[bytes]:
    """Parts that are not too large. They end in an empty line, where nothing of ours is broken, or in any."""
    start = 0
    while len(content) - start > BLOCK:
        ends = (content.rfind(end, start, start + BLOCK) + len(end) for end in (b"\n\n", b"\n\r\n", b"\n"))
        end = next((end for end in ends if end > start + 2), start + BLOCK)
        yield content[start:end]
        start = end
    yield content[start:]


def _in_block(content: bytes) -> bytes:
    pieces = _QUOTED.split(content)
    meant = [binascii.a2b_qp(piece) if number % 2 else piece for number, piece in enumerate(pieces)]
    joined = b"".join(meant)
    changed = redacted(joined.decode("latin-1")).encode("latin-1")
    return content if changed == joined else _laid_out(changed, pieces, meant)


def _repacked(lines: bytes, depth: int) -> bytes:
    """Lines of base64 with what they hold redacted, letter for letter in their places."""
    letters = lines.translate(None, b"\r\n \t=")
    most = len(letters) - (len(letters) % 4 == 1)  # one letter is too little for a byte
    content = binascii.a2b_base64(letters[:most] + b"=" * (-most % 4))
    changed = redacted_bytes(content, depth)
    if changed == content:
        return lines
    packed = binascii.b2a_base64(changed, newline=False).rstrip(b"=")
    pieces = _NOT_PACKED.split(lines)
    meant = [b"" if number % 2 else piece for number, piece in enumerate(pieces)]
    return _laid_out(packed + letters[most:], pieces, meant)


def _laid_out(changed: bytes, pieces: list[bytes], meant: list[bytes]) -> bytes:
    """What the pieces meant, changed, in their form: every other one is a break, or one letter that was quoted."""
    done, start = [], 0
    for number, (piece, before) in enumerate(zip(pieces, meant, strict=True)):
        now = changed[start : start + len(before)]
        start += len(before)
        done.append(piece if now == before else b"=%02X" % ord(now) if number % 2 else now)
    return b"".join(done)
