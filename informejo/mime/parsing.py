"""Reading a raw mail: who wrote what to whom, as one value. It takes whatever comes, and says what was odd about it."""

from datetime import UTC, datetime
from email.message import Message
from email.utils import parsedate_to_datetime
from typing import NamedTuple

from informejo import clock
from informejo.mime import addresses, bodies, entities, headers
from informejo.mime.bodies import Part
from informejo.text import clean_text

MOST_TEXT = 200_000  # characters
MOST_REFERENCES = 100
MOST_ID = 500  # characters of one Message-Id


class Unreadable(Exception):
    """It is no mail: there is not one header field in it. Its text says so."""


class Parsed(NamedTuple):
    """A mail as it was understood. Addresses are lower-case; ids keep their brackets, as in `<7.abc@example.org>`."""

    message_id: str
    in_reply_to: tuple[str, ...]
    references: tuple[str, ...]  # oldest first
    sender: str  # "" if it names none
    sender_name: str
    reply_to: str  # "" if answers go to the sender
    to: tuple[str, ...]
    cc: tuple[str, ...]
    delivered_to: tuple[str, ...]
    subject: str  # one clean line; may be empty
    date: datetime | None
    text: str
    html: str  # as it came, never safe to show; "" if there is none
    parts: tuple[Part, ...]
    headers: Message  # for guards: fields unfolded, encoded words as they are
    oddities: tuple[str, ...]  # sentences: what was odd, and how it was read


def parse(raw: bytes) -> Parsed:
    """Read a mail. Time and space grow with its length only. Raises Unreadable."""
    oddities: list[str] = []
    fields, body = headers.split(_without_envelope(raw))
    if not fields:
        raise Unreadable("It has no header, so it is no mail.")
    contents = bodies.read(entities.tree(fields, body, oddities), oddities)
    head = _Head(fields)
    sender_name, sender = head.sender(oddities)
    return Parsed(
        message_id=next(iter(head.ids("message-id")), ""),
        in_reply_to=head.ids("in-reply-to"),
        references=head.ids("references"),
        sender=sender,
        sender_name=sender_name,
        reply_to=next(iter(head.addresses("reply-to")), ""),
        to=head.addresses("to"),
        cc=head.addresses("cc"),
        delivered_to=head.addresses("delivered-to", "x-original-to", "envelope-to", "x-envelope-to"),
        subject=headers.line(head.first("subject"))[:1000],
        date=head.date(oddities),
        text=_clean(contents.text, oddities),
        html=contents.html,
        parts=tuple(contents.parts),
        headers=headers.message(fields),
        oddities=tuple(dict.fromkeys(oddities)),
    )


def _without_envelope(raw: bytes) -> bytes:
    """Without the mark of an encoding and the line that mailbox files put before each mail."""
    raw = raw.removeprefix(b"\xef\xbb\xbf").lstrip(b"\r\n")
    if raw.startswith((b"From ", b">From ")):
        raw = raw.partition(b"\n")[2]
    return raw


class _Head:
    def __init__(self, fields: list[tuple[str, str]]):
        self.fields: dict[str, list[str]] = {}
        for name, value in fields:
            self.fields.setdefault(name.lower(), []).append(value)

    def first(self, name: str) -> str:
        return self.fields.get(name, [""])[0]

    def ids(self, name: str) -> tuple[str, ...]:
        found = [id for value in self.fields.get(name, []) for id in headers.ids(value)]
        return tuple(dict.fromkeys(found))[-MOST_REFERENCES:]

    def addresses(self, *names: str) -> tuple[str, ...]:
        values = [value for name in names for value in self.fields.get(name, [])]
        return tuple(dict.fromkeys(address for _, address in addresses.found_in(values)))

    def sender(self, oddities: list[str]) -> tuple[str, str]:
        people = addresses.found_in(self.fields.get("from", []))
        if len({address for _, address in people}) > 1:
            oddities.append("It names several senders; the first one counts.")
        if not people:
            oddities.append("It does not say who sent it.")
            people = addresses.found_in(self.fields.get("sender", []) + self.fields.get("return-path", []))
        return people[0] if people else ("", "")

    def date(self, oddities: list[str]) -> datetime | None:
        value = self.first("date")
        try:
            moment = parsedate_to_datetime(value[:100])
            moment = moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)
        except (ValueError, TypeError, IndexError, OverflowError):
            if value:
                oddities.append("Its date could not be read.")
            return None
        if moment > clock.now():
            oddities.append("Its date lies in the future.")
        return moment


def _clean(text: str, oddities: list[str]) -> str:
    if len(text) > MOST_TEXT:
        oddities.append(f"Its text is longer than {MOST_TEXT:,} characters; the rest is in the original only.")
    lines = clean_text(text[:MOST_TEXT]).split("\n")
    # The space behind two dashes tells a signature from a line; other spaces at the end tell nothing.
    return "\n".join(line if line == "-- " else line.rstrip() for line in lines).strip("\n")
