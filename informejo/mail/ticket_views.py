"""What staff do and read about the mail of one ticket: who watches it, who gets what is written, who was told."""

from flask import Blueprint, abort, request
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.queries import staff_members
from informejo.events.models import Event
from informejo.intake.ledger_queries import mails_of
from informejo.live import drawings, fragments, mail_makers
from informejo.mail import actions, queries, told_queries
from informejo.tickets.models import Ticket
from informejo.web import actor, answer, page, standing

bp = Blueprint("ticket_mail", __name__)


@bp.post("/tickets/<int:number>/watchers")
def watch(number: int):
    """Have somebody of the staff watch the ticket: an id, or `me`."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.watch", ticket)  # before the answer tells which ids are of the staff
    actions.watch(actor(), ticket, _chosen(request.form.get("user", "")))
    return _watched(ticket, db.commit())


@bp.post("/tickets/<int:number>/watchers/<int:id>/removal")
def unwatch(number: int, id: int):
    """Have somebody, often oneself, watch the ticket no more."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.watch", ticket)
    for person in queries.watching(ticket).people:  # nobody, when somebody else was quicker
        if person.id == id:
            actions.unwatch(actor(), ticket, person)
    return _watched(ticket, db.commit())


@bp.get("/tickets/<int:number>/mail")
def told(number: int):
    """Who was told of what happened on a ticket and why, and what came in for it."""
    ticket = _for_staff(number)
    return page(
        "ledger/told.html",
        title=f"Who was told of #{number}",
        ticket=ticket,
        told=told_queries.told_of(ticket, request.args.get("page", type=int)),
        came_in=mails_of(actor(), ticket),
        can_be_sent=queries.can_be_sent(),
    )


@bp.get("/tickets/<int:number>/others")
def others(number: int):
    """What else its requester asked for, for the open pages of the ticket."""
    return drawings.beside(actor(), _for_staff(number), standing())["ticket-others"]


@bp.get("/tickets/<int:number>/recipients")
def recipients(number: int):
    """Who gets what is written here now, for open forms to name; what was agreed when writing began they keep."""
    ticket = _for_staff(number)
    return fragments.render(mail_makers.addressees(drawings.addressed_by(actor(), ticket, standing())))


def _for_staff(number: int) -> Ticket:
    """The ticket, for somebody of the staff. Raises NotFound for its requester too: to them there is nothing here."""
    ticket = policy.find_ticket(actor(), number)
    if not policy.may(actor(), "mail.see", ticket):
        raise NotFound(policy.NOTHING)
    return ticket


def _chosen(word: str) -> User:
    """Whom the form names. Aborts with 422 when they are not at the desk."""
    if word == "me":
        return actor()
    return next((person for person in staff_members() if str(person.id) == word), None) or abort(
        422, actions.NOT_FOR_THEM
    )


def _watched(ticket: Ticket, events: list[Event]):
    parts = fragments.answer(events, ticket, policy.audience(actor())) or [mail_makers.watchers_of(ticket)]
    return answer(fragments.render(parts), f"/tickets/{ticket.number}#ticket-watchers")
