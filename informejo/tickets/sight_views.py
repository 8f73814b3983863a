"""Who of the staff sees a ticket: its team, whether it is confidential, and whom it names."""

from flask import Blueprint, abort, request

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.queries import staff_members
from informejo.live import fragments, makers
from informejo.teams.models import Team
from informejo.teams.queries import team_by_id
from informejo.text import is_number
from informejo.tickets import change_actions, confiding_actions
from informejo.tickets.change_actions import ANY, Conflict
from informejo.tickets.conflict_page import field_conflict
from informejo.tickets.inputs import Change, Confidentiality, read_change
from informejo.tickets.models import Ticket
from informejo.tickets.sight_queries import named_on
from informejo.tickets.ticket_page import out_of_sight
from informejo.web import actor, answer

bp = Blueprint("sight", __name__)
NO_TEAM = "There is no such team any more."


@bp.post("/tickets/<int:number>/team")
def give_to_team(number: int):
    """Give the ticket to a team: an id, or nothing for none."""
    ticket, asked = policy.find_ticket(actor(), number), read_change(Change, request.form)
    policy.require(actor(), "ticket.triage", ticket)
    was = ANY if asked.was is None else asked.was
    try:
        change_actions.set_team(actor(), ticket, _team(asked.value), was)
    except Conflict as conflict:
        return field_conflict(ticket, conflict)
    return _seen_by(ticket, makers.question("team"))


@bp.post("/tickets/<int:number>/confidentiality")
def set_confidential(number: int):
    """Make the ticket confidential, or end that."""
    ticket, asked = policy.find_ticket(actor(), number), read_change(Confidentiality, request.form)
    confiding_actions.set_confidential(actor(), ticket, asked.value == "yes")
    return _seen_by(ticket)


@bp.post("/tickets/<int:number>/named")
def name(number: int):
    """Let somebody of the staff see a confidential ticket."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.confide", ticket)  # before the answer tells which ids are of the staff
    confiding_actions.name_person(actor(), ticket, _colleague(request.form.get("user", "")))
    return _seen_by(ticket)


@bp.post("/tickets/<int:number>/named/<int:id>/removal")
def unname(number: int, id: int):
    """Let somebody, perhaps oneself, see it no more."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.confide", ticket)
    for person in named_on(ticket):  # nobody, when somebody else was quicker
        if person.id == id:
            confiding_actions.unname_person(actor(), ticket, person)
    return _seen_by(ticket)


def _seen_by(ticket: Ticket, *parts):
    """The page of the ticket as it is now; for whoever gave it out of their own sight, the queue."""
    events = db.commit()
    if gone := out_of_sight(ticket):
        return gone
    about = makers.about(ticket, policy.audience(actor()))
    shown = [*parts, *(fragments.answer(events, ticket, policy.audience(actor())) or about)]
    return answer(fragments.render(shown), f"/tickets/{ticket.number}#ticket-confiding")


def _team(word: str) -> Team | None:
    """Which team a form names, None for none. Aborts with 422 when there is none such."""
    if not word:
        return None
    return (team_by_id(int(word)) if is_number(word) else None) or abort(422, NO_TEAM)


def _colleague(word: str) -> User:
    found = next((person for person in staff_members() if str(person.id) == word), None)
    return found or abort(422, confiding_actions.NOT_AT_THE_DESK)
