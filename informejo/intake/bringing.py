"""What a mail brings to a ticket: its text within the limits of a message, and its files as far as they fit."""

import hashlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from io import BytesIO
from typing import NamedTuple

from flask import current_app
from sqlalchemy import select
from werkzeug.datastructures import FileStorage

from informejo import db, limits
from informejo.accounts.models import User
from informejo.mail import redaction, signatures
from informejo.mail.models import IncomingMail, MailPicture
from informejo.mime import quotes
from informejo.mime.parsing import Parsed, Part
from informejo.offload import offload
from informejo.tickets.files import Kept, kept_if_they_fit
from informejo.tickets.models import Ticket

MOST = min(limits.DESCRIPTION.most, limits.COMMENT.most)
ROOM = 2_000  # characters of it that are kept free for what did not fit
CUT = "(The mail goes on. All of it is kept with the original.)"
NO_SUBJECT, NO_TEXT = "(no subject)", "(no text)"


class Brought(NamedTuple):
    """What is brought: files lie on disk already, and are gone from there unless rows name them in time."""

    title: str
    text: str
    files: list[Kept]
    pictures: dict[str, bool]  # digests of those within the text; whether each was left in the original
    said: str  # a sentence for the ledger about those; empty if none was left


@contextmanager
def brought(
    mail: IncomingMail,
    parsed: Parsed,
    sender: User | None,
    ticket: Ticket | None,
    internal: bool = False,
    only_said: bool = False,
) -> Iterator[Brought]:
    """What the mail brings to that ticket, None for a new one. The block makes rows for it and commits.

    `sender` is whose quota of files it takes from, None for nobody's.
    `only_said` leaves out what is quoted: what was mailed to staff may hold notes, which others must not read.
    Raises NoRoom, NoPlace.
    """
    digests = offload(_digests, parsed.parts)
    left = _left_out(mail, parsed.sender, set(digests) - {""})
    parts = [part for part, digest in zip(parsed.parts, digests, strict=True) if not left.get(digest)]
    taken, more = parts[: current_app.config["MAX_FILES"]], parts[current_app.config["MAX_FILES"] :]
    contents = (offload(redaction.redacted_bytes, part.content) for part in taken)
    uploads = [FileStorage(BytesIO(content), part.name) for content, part in zip(contents, taken, strict=True)]
    with kept_if_they_fit(uploads, sender, ticket, internal) as (found, refused):
        if more:
            refused.append(f"One message can carry {len(taken)} files; the mail has {len(more)} more.")
        text = _text(parsed, only_said, refused)
        yield Brought(_title(redaction.redacted(parsed.subject)), text, found, left, _said(sum(left.values())))


def _title(subject: str) -> str:
    return subject[: limits.TITLE.most].strip() or NO_SUBJECT


def _text(parsed: Parsed, only_said: bool, remarks: Sequence[str]) -> str:
    whole = redaction.redacted(signatures.without_signed(parsed.text)).strip()
    said, rest = quotes.split(whole)
    told = "\n".join(f"({remark} It is kept with the original mail.)" for remark in remarks)[: ROOM - len(CUT) - 10]
    # Above what is quoted, which pages fold away.
    pieces = (said.strip(), told, "" if only_said else rest) if told or only_said else (whole,)
    text = "\n\n".join(filter(None, pieces)) or NO_TEXT
    return f"{text[: MOST - ROOM]}\n\n{CUT}" if len(text) > MOST else text


def _left_out(mail: IncomingMail, sender: str, inside: set[str]) -> dict[str, bool]:
    """The pictures within the text, by digest, and whether each came with an earlier mail of this sender: a logo."""
    if not inside:
        return {}
    known = select(MailPicture.digest, MailPicture.first_id).where(
        MailPicture.sender == sender, MailPicture.digest.in_(inside)
    )
    firsts = dict(db.session.execute(known).all())
    return {digest: digest in firsts and firsts[digest] != mail.id for digest in sorted(inside)}


def _digests(parts: Sequence[Part]) -> list[str]:
    """Those of the pictures within the text; the others are files, which are always taken, and have none here."""
    inside = (part.inline and part.media_type.startswith("image/") for part in parts)
    return [
        hashlib.sha256(part.content).hexdigest() if is_inside else ""
        for part, is_inside in zip(parts, inside, strict=True)
    ]


def _said(left: int) -> str:
    if not left:
        return ""
    pictures = "A picture that came" if left == 1 else f"{left} pictures that came"
    return f"{pictures} with an earlier mail of this sender {'was' if left == 1 else 'were'} left in the original."
