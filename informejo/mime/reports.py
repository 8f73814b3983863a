"""Reports of mail servers that a mail of ours was not delivered, or was: in the standard form and in older ones."""

import re
from typing import NamedTuple

from informejo.mime import headers
from informejo.text import clean_line

STATUS_TYPES = ("message/delivery-status", "message/global-delivery-status")
COPY_TYPES = ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers")
ACTIONS = ("failed", "delayed", "relayed", "expanded", "delivered")  # the gravest first
MOST_WORDS = 500  # characters of what the server says
MOST_GROUPS = 100
BLANK = re.compile(rb"\r?\n[ \t]*\r?\n|\r\r")
STATUS = re.compile(r"\b([245]\.\d{1,3}\.\d{1,3})\b")
ADDRESS = re.compile(r"[^\s<>;,:\"()]{1,64}@[^\s<>;,:\"()]{1,253}")
LINE_BEGINS = re.compile(r"^[ \t]*<?(?=\S)", re.MULTILINE)
# Forms without a part of their own for it: how the text begins, and where the copy of our mail does.
OLDER = {
    "qmail": re.compile(r"\A\s*Hi\. This is the qmail-send program at [^\n]{1,255}"),
    "Exim": re.compile(r"\A\s*This message was created automatically by mail delivery software"),
    "Exchange": re.compile(r"\A\s*Your message\b[^\n]*\n(?:[^\n]*\n){0,8}?\s*did not reach the following recipient"),
    "Postfix": re.compile(r"\A\s*This is the (?:mail system|Postfix program) at host "),
    "sendmail": re.compile(r"\A[^\n]*(?:\n[^\n]*){0,6}?----- The following addresses had permanent fatal errors -----"),
}
COPY = re.compile(
    r"^-{2,} ?(?:Below this line is a copy|This is a copy|The header of the original)[^\n]*$", re.MULTILINE
)
LATER = re.compile(r"delay|temporar|will (?:be )?retr|not yet been delivered|still being retried", re.IGNORECASE)


class Report(NamedTuple):
    """What a server says about a mail of ours."""

    message_ids: tuple[str, ...]  # with their brackets, of the mail it is about
    recipient: str  # lower-case; "" if it is not named
    action: str  # failed, delayed, relayed, expanded or delivered
    status: str  # such as "5.1.1"; "" if it gives none
    words: str  # one line, the server's own


def read(parsed) -> Report | None:
    """The report, if the mail is one (RFC 3464, and what older servers write). An automatic answer is none."""
    status = next((part for part in parsed.parts if part.media_type in STATUS_TYPES), None)
    report = _standard(status.content) if status else _older(parsed)
    return report and report._replace(message_ids=_ids(parsed))


def _standard(content: bytes) -> Report | None:
    groups = [dict(_fields(group)) for group in BLANK.split(content.strip())[:MOST_GROUPS]]
    reports = [report for group in groups if (report := _of_recipient(group))]
    return min(reports, key=lambda report: ACTIONS.index(report.action), default=None)


def _fields(group: bytes):
    fields, _ = headers.split(group.strip() + b"\n\n")
    return [(name.lower(), value) for name, value in reversed(fields)]


def _of_recipient(group: dict[str, str]) -> Report | None:
    named = group.get("original-recipient") or group.get("final-recipient", "")
    address = ADDRESS.search(named.partition(";")[2] or named)
    action = group.get("action", "").partition("(")[0].strip().lower()
    if action not in ACTIONS:
        return None
    status = STATUS.search(group.get("status", ""))
    said = group.get("diagnostic-code", "")
    words = said.partition(";")[2] if re.match(r"[\w-]{1,20}\s*;", said) else said
    return Report((), _lower(address), action, status[1] if status else "", _line(words))


def _older(parsed) -> Report | None:
    text = parsed.text[:20_000]
    if not any(beginning.search(text) for beginning in OLDER.values()):
        return None
    copy = COPY.search(text)
    said = text[: copy.start()] if copy else text
    failed = parsed.headers["x-failed-recipients"] or ""
    address = ADDRESS.search(failed) or _recipient(said)
    words = said[address.end() :] if address and not failed else said.partition(_lower(address) or "\0")[2]
    status = STATUS.search(said)
    action = "delayed" if LATER.search(said) else "failed"
    return Report((), _lower(address), action, status[1] if status else "", _line(words.lstrip(" >:\n")))


def _recipient(text: str) -> re.Match | None:
    """The first address that begins a line: those in sentences are of the server."""
    begins = (line.end() for line in LINE_BEGINS.finditer(text))
    return next((found for place in begins if (found := ADDRESS.match(text, place))), None)


def _ids(parsed) -> tuple[str, ...]:
    """Of the copy of our mail that came back; else those the report answers."""
    found = [id for part in parsed.parts if part.media_type in COPY_TYPES for id in _ids_of(part.content)]
    if not found and (copy := COPY.search(parsed.text)):
        found = _ids_of(parsed.text[copy.end() :].strip().encode("utf-8"))
    return tuple(dict.fromkeys(found or [*parsed.in_reply_to, *parsed.references]))


def _ids_of(content: bytes) -> list[str]:
    fields, _ = headers.split(content.lstrip())
    named = ("message-id", "x-original-message-id")
    return [id for name, value in fields if name.lower() in named for id in headers.ids(value)]


def _lower(address: re.Match | None) -> str:
    return address[0].lower() if address else ""


def _line(words: str) -> str:
    return " ".join(clean_line(words).split())[:MOST_WORDS]
