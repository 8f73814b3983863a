"""What we sign, so that an answer finds its way back and nobody can make it up: Message-Ids and reply addresses.

Both name one recipient. Whoever got a mail knows what is signed in it; so it proves that an answer is of that person,
and never that it is of somebody else who was written to about the same ticket.
"""

import base64
import hashlib
import hmac
import re
from email.utils import parseaddr
from typing import NamedTuple

LENGTH = 16  # letters and digits of a signature: 80 bits (RFC 2104, 5, wants no fewer)
_ANY_CASE = re.ASCII | re.IGNORECASE  # without the first, ſ would be an s in another case, and ı an i
_ID = re.compile(r"<?([ctx])\.([0-9]{1,17})\.([0-9]{1,17})\.([a-z2-7]{16})@[^<>@\s]+>?", _ANY_CASE)
_WITHIN = re.compile(
    r"<?[ctx]\.[0-9]{1,17}\.[0-9]{1,17}\.[a-z2-7]{16}@[^<>@\s]+>?|\+[0-9]{1,17}\.[0-9]{1,17}\.[a-z2-7]{16}(?=@)",
    _ANY_CASE,
)
_DETAIL = re.compile(r"([0-9]{1,17})\.([0-9]{1,17})\.([a-z2-7]{16})", _ANY_CASE)
_CONFIRMS = re.compile(r"([0-9]{1,17})\.[a-z2-7]{16}", _ANY_CASE)


class MessageId(NamedTuple):
    """What one of our Message-Ids names: `c` a comment, `t` a ticket, `x` nothing; and the outgoing mail."""

    kind: str
    thing: int
    mail: int


class ReplyTo(NamedTuple):
    """What one of our reply addresses names."""

    ticket: int
    user: int


def message_id(key: str, signed: MessageId, host: str) -> str:
    """The Message-Id header's value (RFC 5322, 3.6.4), such as `<c.17.42.abcdefghijklmnop@example.org>`."""
    kind, thing, mail = signed
    return f"<{kind}.{thing}.{mail}.{_signature(key, 'id', *signed)}@{host}>"


def read_message_id(key: str, text: str) -> MessageId | None:
    """What it names, if we signed it; the host is not compared, since a desk may have moved."""
    found = _ID.fullmatch(text.strip())
    if not found:
        return None
    named = MessageId(found[1].lower(), int(found[2]), int(found[3]))
    return named if _is_signed(key, found[4], "id", *named) else None


def reply_address(key: str, address: str, to: ReplyTo) -> str:
    """Where an answer goes. After the plus of an `address` comes what we sign; one without a plus stays as it is."""
    name, _, host = address.rpartition("@")
    if "+" not in name:
        return address
    return f"{name.partition('+')[0]}+{to.ticket}.{to.user}.{_signature(key, 'to', *to)}@{host}"


def read_reply_address(key: str, text: str) -> ReplyTo | None:
    """What the address of somebody's answer names, if we signed it."""
    found = _DETAIL.fullmatch(parseaddr(text)[1].rpartition("@")[0].partition("+")[2])
    if not found:
        return None
    named = ReplyTo(int(found[1]), int(found[2]))
    return named if _is_signed(key, found[3], "to", *named) else None


def without_signed(text: str) -> str:
    """The text without the Message-Ids and reply addresses in it that look like ours."""
    return _WITHIN.sub("", text)


def confirmation(key: str, user: int, address: str) -> str:
    """What the link in a mail says with which somebody shows that the address is theirs: that they read mail there."""
    return f"{user}.{_signature(key, 'confirm', user, address.lower())}"


def confirms_whom(token: str) -> int | None:
    """The person a confirmation names; whether it is one for their address says `is_confirmation`."""
    found = _CONFIRMS.fullmatch(token)
    return int(found[1]) if found else None


def is_confirmation(key: str, token: str, user: int, address: str) -> bool:
    """Whether we signed it for that person at that address; one for an address they had before is none any more."""
    return _is_same(token, confirmation(key, user, address))


def _is_signed(key: str, signature: str, *parts) -> bool:
    return _is_same(signature, _signature(key, *parts))


def _is_same(sent: str, signed: str) -> bool:
    """Mail servers may change the case. Bytes, because of text that is not ASCII `hmac` raises TypeError."""
    return hmac.compare_digest(sent.lower().encode("utf-8", "replace"), signed.encode())


def _signature(key: str, *parts) -> str:
    digest = hmac.digest(key.encode(), ".".join(map(str, parts)).encode(), hashlib.sha256)
    return base64.b32encode(digest).decode().lower()[:LENGTH]
