"""The ledger, for staff: every mail that came in, what became of it and why, and what can be done about it."""

from collections.abc import Mapping
from contextlib import contextmanager
from types import MappingProxyType

from flask import Blueprint, request
from werkzeug.exceptions import NotFound, UnprocessableEntity
from werkzeug.wrappers import Response

from informejo import db, downloads, policy, security
from informejo.intake import inbound, ledger_actions, ledger_queries, original
from informejo.intake.bringing import brought
from informejo.intake.ledger_inputs import MovedTo, state_from
from informejo.mail.models import IncomingMail
from informejo.mail.words import InState
from informejo.own_counts import count_own
from informejo.tickets.files import FileRefused
from informejo.tickets.media_types import HEAD, media_type
from informejo.tickets.models import Ticket
from informejo.web import actor, go_to, page, stream

bp = Blueprint("ledger", __name__)

# Pictures that lie elsewhere tell their owner when a mail is read, and from where. So the policy of every page forbids
# them; where somebody asks for those of one mail, its page alone is sent with one that lets pictures in, over TLS, and
# nothing else. That no address of the desk goes with the request is said by Referrer-Policy already.
WITH_PICTURES = security.HEADERS["Content-Security-Policy"] + "; img-src 'self' https:"
NO_TICKET = "There is no ticket with that number here. Write one such as 42."
EMPTY = MappingProxyType({})
PICTURES = ("image/png", "image/jpeg", "image/gif", "image/webp")  # of kinds that can hold no scripts


@bp.get("/mail/in")
def ledger():
    """All mails, or those in one state, the newest first."""
    policy.require(actor(), "mail.see")
    live, state, sender = stream(), state_from(request.args), request.args.get("sender", "").strip()
    listed = ledger_queries.ledger_for(actor(), state, sender, request.args.get("page", type=int))
    return page(
        "ledger/ledger.html",
        title="Mail that came in",
        stream=live,
        listed=listed,
        state=state,
        sender=sender,
        states=list(InState),
        tally=ledger_queries.tally(actor()),
    )


@bp.get("/mail/in/<int:id>")
def mail(id: int):
    """One mail: what became of it and why, what it says, and what is in it."""
    mail, pictures = ledger_queries.find_mail(actor(), id), request.args.get("pictures") == "yes"
    shown = _opened(mail, pictures)
    return (shown, {"Content-Security-Policy": WITH_PICTURES}) if pictures else shown


@bp.get("/mail/in/<int:id>/raw")
def raw(id: int):
    """The mail to be saved, as it came but for what lets somebody in."""
    mail = ledger_queries.find_mail(actor(), id)
    return downloads.sent(original.saved(mail), "message/rfc822", f"mail-{mail.id}.eml")


@bp.get("/mail/in/<int:id>/parts/<int:number>")
def part(id: int, number: int):
    """One file of it, counted from 1: a picture is shown, everything else is to be saved."""
    found = original.part(ledger_queries.find_mail(actor(), id), number)
    if found is None:
        raise NotFound(policy.NOTHING)
    kind = media_type(found.content[:HEAD])
    return downloads.sent(found.content, kind, found.name, as_attachment=kind not in PICTURES)


@bp.post("/mail/in/<int:id>/attempts")
def attempt(id: int):
    """Read it again, as if it had just come."""
    mail = ledger_queries.find_mail(actor(), id)
    ledger_actions.look_again(actor(), mail)
    db.commit()
    inbound.take(mail)
    return _on_to(id, "mail-read-again")


@bp.post("/mail/in/<int:id>/ticket")
def make_ticket(id: int):
    """Make a new ticket of it."""
    mail = ledger_queries.find_mail(actor(), id)
    count_own("ticket")
    with _brought(mail, None) as (parsed, things):
        ledger_actions.make_ticket(actor(), mail, parsed, things)
        db.commit()
    return _on_to(id, "mail-made-ticket")


@bp.post("/mail/in/<int:id>/move")
def move(id: int):
    """Move it to another ticket."""
    mail = ledger_queries.find_mail(actor(), id)
    try:
        to = policy.find_ticket(actor(), MovedTo.number_from(request.form))
    except NotFound:
        return _opened(mail, typed=request.form, problems={"number": NO_TICKET}), 422
    with _brought(mail, to) as (parsed, things):
        ledger_actions.move(actor(), mail, to, parsed, things)
        db.commit()
    return _on_to(id, "mail-moved")


@bp.post("/mail/in/<int:id>/undo")
def undo(id: int):
    """Bring it back to the ticket where it was before it was moved."""
    mail = ledger_queries.find_mail(actor(), id)
    if mail.moved_from and not ledger_queries.moved_from(actor(), mail):
        raise NotFound(policy.NOTHING)
    with _brought(mail, mail.moved_from) as (parsed, things):
        ledger_actions.undo(actor(), mail, parsed, things)
        db.commit()
    return _on_to(id, "mail-moved-back")


def _on_to(id: int, notice: str) -> Response:
    """The mail again; the list, for whoever does not see the ticket with which it is by now."""
    try:
        ledger_queries.find_mail(actor(), id)
    except NotFound:
        return go_to("/mail/in", "mail-out-of-sight")
    return go_to(f"/mail/in/{id}", notice)


def _opened(mail: IncomingMail, pictures: bool = False, typed: Mapping = EMPTY, problems: Mapping = EMPTY) -> str:
    return page(
        "ledger/mail.html",
        title=mail.subject or "Mail",
        mail=mail,
        opened=original.open_for_page(mail, pictures),
        pictures=pictures,
        opened_ticket=ledger_queries.opened_by(mail, mail.ticket),
        moved_from=ledger_queries.moved_from(actor(), mail),
        typed=typed,
        problems=problems,
    )


@contextmanager
def _brought(mail: IncomingMail, ticket: Ticket | None):
    parsed = original.read(mail)
    person = ledger_queries.sender_of(mail, parsed)
    as_staff = bool(ticket and person and person.is_staff)
    internal = ledger_queries.is_internal(mail, parsed, ticket)
    try:  # as staff decide, whatever its sender sent today
        with brought(mail, parsed, None, ticket, internal, only_said=as_staff) as things:
            yield parsed, things
    except FileRefused as refused:
        raise UnprocessableEntity(str(refused)) from refused
