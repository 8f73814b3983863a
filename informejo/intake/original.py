"""A mail of the ledger, opened: read anew from its file, its HTML made safe to show, and what lets in taken out."""

from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup
from werkzeug.exceptions import Gone, Locked, UnprocessableEntity

from informejo.clamd import Unchecked
from informejo.mail import redaction
from informejo.mail.models import IncomingMail
from informejo.mime import html, parsing
from informejo.mime.bodies import Part
from informejo.mime.parsing import Parsed
from informejo.offload import offload
from informejo.tickets import files, scanning

LOST = "The file of this mail is missing on the desk's disk, or not whole any more. `bin/flask files` says more."


class Opened(NamedTuple):
    """What a page shows of it, redacted; `problem` is a sentence where it cannot be read."""

    parsed: Parsed | None
    fields: list[tuple[str, str]]
    html: Markup
    elsewhere: bool  # whether pictures that lie elsewhere belong to it
    problem: str


def path_for(mail: IncomingMail) -> Path:
    """Where its file lies. Raises Gone."""
    if files.lost([(mail.stored_name, mail.size)]):
        raise Gone(LOST)
    return files.path_to(mail.stored_name)


def read(mail: IncomingMail) -> Parsed:
    """What is in it, as it came: to decide by, and not to be shown. Raises Gone, UnprocessableEntity."""
    path = path_for(mail)
    try:
        return offload(parsing.parse, offload(path.read_bytes))
    except parsing.Unreadable as error:
        raise UnprocessableEntity(str(error)) from error


def open_for_page(mail: IncomingMail, pictures: bool) -> Opened:
    """What a page shows of it, with pictures that lie elsewhere if they are asked for. It never raises."""
    try:
        parsed = read(mail)
    except (Gone, UnprocessableEntity) as error:
        return Opened(None, [], Markup(), False, error.description)
    shown = offload(_redacted, parsed)
    cleaned = [offload(html.clean, shown.html, _inside(mail, parsed), remote) for remote in (False, True)]
    fields = [(name, redaction.redacted(value)) for name, value in parsed.headers.items()]
    return Opened(shown, fields, cleaned[pictures], cleaned[0] != cleaned[1], "")


def saved(mail: IncomingMail) -> bytes:
    """The mail as a file to save, to the byte as it came but for what lets somebody in. Raises Gone, Locked."""
    content = offload(path_for(mail).read_bytes)
    _require_clean(content)
    return offload(redaction.redacted_bytes, content)


def part(mail: IncomingMail, number: int) -> Part | None:
    """One file of it, counted from 1, redacted; None where there are not so many.

    Raises Gone, Locked, UnprocessableEntity.
    """
    parts = read(mail).parts
    if not 1 <= number <= len(parts):
        return None
    found = parts[number - 1]
    _require_clean(found.content)
    return found._replace(content=offload(redaction.redacted_bytes, found.content))


def _require_clean(content: bytes):
    """All of a mail is kept, whatever is in it, so the scanner is asked whenever something of it is handed out."""
    try:
        found = scanning.found_in(iter([content]))
    except Unchecked as error:
        raise Locked("The virus scanner cannot be asked just now. Try it again in a minute.") from error
    if found:
        raise Locked(f"The virus scanner found {found[:100]} in it, so it is not handed out.")


def _redacted(parsed: Parsed) -> Parsed:
    return parsed._replace(text=redaction.redacted(parsed.text), html=redaction.redacted(parsed.html))


def _inside(mail: IncomingMail, parsed: Parsed):
    """Where the pictures lie that the mail brought along, by their Content-Id."""
    places = {part.content_id: number for number, part in enumerate(parsed.parts, 1) if part.content_id}
    return lambda cid: f"/mail/in/{mail.id}/parts/{places[cid]}" if cid in places else ""
