"""The form with which people open a ticket who are not signed in."""

import json
from collections.abc import Sequence
from hashlib import file_digest, sha256
from io import SEEK_END
from math import ceil

from flask import Blueprint, abort, current_app, g, redirect, request
from werkzeug.datastructures import FileStorage
from werkzeug.exceptions import TooManyRequests

from informejo import db, rates, security
from informejo.guests.actions import submit_ticket
from informejo.guests.inputs import GuestTicket
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.offload import offload
from informejo.settings.queries import setting
from informejo.tickets import files
from informejo.tickets.ticket_page import key_of
from informejo.web import go_to, page, public

TOO_MUCH = "So many files came from your connection within 24 hours that no more fit. Send your ticket without them."
TOO_MANY = "Five tickets came from your connection within an hour; more have to wait. Your text is still here."

bp = Blueprint("guest_tickets", __name__)


@bp.before_request
def _require_open():
    if not setting("GUEST_TICKETS"):
        abort(404)


@bp.get("/submit-ticket")
@public
def form():
    """The form; whoever is signed in has one of their own."""
    return redirect("/tickets/new", 303) if g.actor else _form({}, {})


@bp.post("/submit-ticket")
@public
def submit():
    """Open the ticket. The answer is the same whoever has the address: what there is to see is mailed there alone."""
    if g.actor:
        return redirect("/tickets", 307)  # somebody signed in while they wrote: it is sent there as it is
    try:
        new, uploads = GuestTicket.read(request.form), request.files.getlist("files")
        key = _key_of_all(new, uploads)
        rates.count_once("ticket by a visitor", security.address(), key)
        db.commit()  # it counts whatever becomes of it, and nobody waits to write while files are looked at
        _count_bytes(uploads, key)
        with files.kept(uploads, None) as kept, security.in_even_time():
            submit_ticket(files=kept, **new.model_dump() | {"key": key})
            db.commit()
    except Invalid as invalid:
        return _form(invalid.typed, invalid.problems), 422
    except files.FileRefused as refused:
        return _form(request.form, {"files": str(refused)}), refused.status, refused.headers
    except TooManyRequests as error:
        return _form(request.form, {"": TOO_MANY}), 429, {"Retry-After": str(error.retry_after)}
    return go_to("/submit-ticket/sent")


@bp.get("/submit-ticket/sent")
@public
def sent():
    """What happens next. It names no ticket and no address: this page tells nobody who has an account here."""
    return page("guests/sent.html", title="Your ticket is on its way", can_be_sent=can_be_sent())


def _key_of_all(new: GuestTicket, uploads: Sequence[FileStorage]) -> str | None:
    """The once-only key of all that the form holds: whoever clicks twice opens one ticket, and it counts as one.

    By the key that came with the form alone, other words would be a ticket more, and count as none.
    """
    if not new.key:
        return None
    whole = [new.model_dump(exclude={"name"}), *([file.filename, _digest(file)] for file in uploads)]
    return sha256(json.dumps(whole).encode()).hexdigest()


def _count_bytes(uploads: Sequence[FileStorage], key: str | None):
    """Visitors can type anybody's address, so files are counted by where they come from, and for no person.

    Raises TooMuch.
    """
    hundredths = ceil(100 * sum(map(_size, uploads)) / max(1, current_app.config["PERSON_QUOTA"]))
    if hundredths:
        try:
            rates.count_once("hundredth of a visitor's files", security.address(), key, hundredths)
        except TooManyRequests as many:
            raise files.TooMuch(TOO_MUCH) from many


def _size(file: FileStorage) -> int:
    size = file.stream.seek(0, SEEK_END)
    file.stream.seek(0)
    return size


def _digest(file: FileStorage) -> str:
    found = offload(file_digest, file.stream, "sha256").hexdigest()
    file.stream.seek(0)
    return found


def _form(typed, problems: dict[str, str]) -> str:
    return page("guests/submit.html", title="Submit a ticket", typed=typed, problems=problems, key=key_of(typed))
