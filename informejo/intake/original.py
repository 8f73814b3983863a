"""A mail of the ledger, opened: read anew from its file, and its HTML made safe to show."""

from pathlib import Path
from typing import NamedTuple

from markupsafe import Markup
from werkzeug.exceptions import Gone, UnprocessableEntity

from informejo.mail.models import IncomingMail
from informejo.mime import html, parsing
from informejo.mime.parsing import Parsed
from informejo.offload import offload
from informejo.tickets import files

LOST = "The file of this mail is missing on the desk's disk, or not whole any more. `bin/flask files` says more."


class Opened(NamedTuple):
    """What a page shows of it; `problem` is a sentence where it cannot be read."""

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
    """What is in it. Raises Gone, UnprocessableEntity."""
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
    cleaned = [offload(html.clean, parsed.html, _inside(mail, parsed), remote) for remote in (False, True)]
    return Opened(parsed, list(parsed.headers.items()), cleaned[pictures], cleaned[0] != cleaned[1], "")


def _inside(mail: IncomingMail, parsed: Parsed):
    """Where the pictures lie that the mail brought along, by their Content-Id."""
    places = {part.content_id: number for number, part in enumerate(parsed.parts, 1) if part.content_id}
    return lambda cid: f"/mail/in/{mail.id}/parts/{places[cid]}" if cid in places else ""
