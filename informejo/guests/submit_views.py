"""The form with which people open a ticket who are not signed in."""

from flask import Blueprint, abort, g, redirect, request
from werkzeug.exceptions import TooManyRequests

from informejo import db, security
from informejo.accounts.queries import user_by_email
from informejo.guests.actions import submit_ticket
from informejo.guests.inputs import GuestTicket
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.settings.queries import setting
from informejo.tickets import files
from informejo.tickets.queries import sent_before
from informejo.tickets.ticket_page import key_of
from informejo.web import go_to, page, public

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
        new = GuestTicket.read(request.form)
        _count(new)
        with files.kept(request.files.getlist("files")) as kept, security.in_even_time():
            submit_ticket(files=kept, **new.model_dump())
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


def _count(new: GuestTicket):
    """Count it, unless it is the same form once more: whoever clicks twice opens one ticket."""
    person = user_by_email(new.email)
    if not (person and sent_before(person, new.key).ticket):
        security.count("ticket by a visitor", security.address())
        db.commit()  # it counts whatever becomes of it, and nobody waits to write while files are looked at


def _form(typed, problems: dict[str, str]) -> str:
    return page("guests/submit.html", title="Submit a ticket", typed=typed, problems=problems, key=key_of(typed))
