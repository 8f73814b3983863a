"""Changing a ticket: its fields, its texts, the bin, and how far each person has read."""

from functools import partial
from typing import NamedTuple

from flask import Blueprint, abort, request

from informejo import db, policy
from informejo.accounts.queries import staff_members
from informejo.drafts.queries import draft_for
from informejo.guests.link_actions import prove
from informejo.inputs import Input, Invalid
from informejo.live import fragments, makers, presence
from informejo.text import is_number
from informejo.tickets import actions, change_actions
from informejo.tickets.change_actions import ANY, NOT_AT_THE_DESK, Conflict
from informejo.tickets.conflict_page import field_conflict, text_conflict
from informejo.tickets.inputs import (
    CategoryChange,
    Change,
    CommentText,
    PriorityChange,
    StatusChange,
    TicketText,
    read_change,
)
from informejo.tickets.models import Ticket
from informejo.tickets.ticket_page import out_of_sight
from informejo.web import actor, answer, by_link, go_to, page, stream

bp = Blueprint("changes", __name__)
FIELDS = {
    "status": (StatusChange, change_actions.set_status),
    "priority": (PriorityChange, change_actions.set_priority),
    "category": (CategoryChange, change_actions.set_category),
}


@bp.post("/tickets/<int:number>/<any(status, priority, category):field>")
@by_link
def change(number: int, field: str):
    """Set one field. Somebody else's change of the same field meanwhile is shown, not overwritten."""
    ticket, (kind, action) = policy.find_ticket(actor(), number), FIELDS[field]
    asked = read_change(kind, request.form)
    prove(actor(), ticket)
    return _changed(ticket, field, lambda: action(actor(), ticket, asked.value, asked.was or ANY))


@bp.post("/tickets/<int:number>/assignment")
def assign(number: int):
    """Give the ticket to somebody of the staff: an id, `me`, or nobody (empty)."""
    ticket, asked = policy.find_ticket(actor(), number), read_change(Change, request.form)
    policy.require(actor(), "ticket.triage", ticket)  # before the answer tells which ids are of the staff
    was = ANY if asked.was is None else asked.was
    chosen = _person(ticket, asked.value)
    return _changed(ticket, "assignee", lambda: change_actions.assign(actor(), ticket, chosen, was))


@bp.route("/tickets/<int:number>/edit", methods=["GET", "POST"])
@by_link
def edit(number: int):
    """Edit title and description."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.edit", ticket)
    form = TextForm("tickets/edit.html", f"Edit #{number}", f"ticket:{number}:edit", {"ticket": ticket}, number)
    if request.method != "POST":
        return form.page(draft_for(actor(), form.draft))
    save = partial(change_actions.edit_ticket, actor(), ticket)
    return _edited(form, save, TicketText, ticket.version, f"/tickets/{number}")


@bp.route("/comments/<int:id>/edit", methods=["GET", "POST"])
@by_link
def edit_comment(id: int):
    """Edit a message."""
    comment = policy.find_comment(actor(), id)
    policy.require(actor(), "comment.edit", comment)
    form = TextForm(
        "tickets/edit_comment.html", "Edit your message", f"comment:{id}", {"comment": comment}, comment.ticket_id
    )
    if request.method != "POST":
        return form.page(draft_for(actor(), form.draft))
    save = partial(change_actions.edit_comment, actor(), comment)
    return _edited(form, save, CommentText, comment.version, f"/comments/{id}")


@bp.post("/tickets/<int:number>/deletion")
def delete(number: int):
    """Move the ticket to the bin."""
    change_actions.delete_ticket(actor(), policy.find_ticket(actor(), number))
    db.commit()
    return go_to("/bin", "ticket-deleted")


@bp.post("/tickets/<int:number>/restoration")
def restore(number: int):
    """Bring the ticket back from the bin."""
    ticket = policy.find_binned(actor(), number)
    change_actions.restore_ticket(actor(), ticket)
    db.commit()
    return go_to(f"/tickets/{number}", "ticket-restored")


@bp.post("/tickets/<int:number>/seen")
@by_link
def seen(number: int):
    """Remember how far this person has read: up to the event that the browser names."""
    event = request.form.get("event", type=int)
    if event is None or not 0 < event < 2**63:
        abort(400)
    ticket = policy.find_ticket(actor(), number)
    prove(actor(), ticket)
    actions.mark_seen(actor(), ticket, event)
    db.commit()
    return answer("", f"/tickets/{number}")


@bp.post("/tickets/<int:number>/writing")
@by_link
def writing(number: int):
    """Tell the staff that somebody is typing on that ticket; it is kept nowhere."""
    ticket = policy.find_ticket(actor(), number)
    if actor().is_staff:
        presence.writes(actor(), ticket)
    return "", 204


class TextForm(NamedTuple):
    """A page on which a text is edited: template, title, draft, what the template needs beside them, whose ticket's."""

    template: str
    title: str
    draft: str
    needs: dict
    number: int

    def page(self, typed, problems: dict[str, str] | None = None) -> str:
        live = stream(f"ticket:{self.number}")
        return page(self.template, title=self.title, draft=typed, problems=problems or {}, stream=live, **self.needs)


def _edited(form: TextForm, save, kind: type[Input], version: int, location: str):
    try:
        text = kind.read(request.form)
        save(**text.model_dump())
        db.commit()
    except Invalid as invalid:
        return form.page(invalid.typed, invalid.problems), 422
    except Conflict as conflict:
        fields = text.model_dump() | conflict.settled | {"version": version, "draft": form.draft}
        return text_conflict(conflict, fields, location)
    return go_to(location)


def _changed(ticket: Ticket, field: str, act):
    """Run the action, commit, and answer with the fragments that it changed."""
    try:
        act()
        events = db.commit()
    except Conflict as conflict:
        return field_conflict(ticket, conflict)
    if gone := out_of_sight(ticket):
        return gone
    parts = [makers.question(field), *fragments.answer(events, ticket, policy.audience(actor()))]
    return answer(fragments.render(parts), f"/tickets/{ticket.number}")


def _person(ticket: Ticket, word: str | None):
    """The member of the staff that a form names by id, `me` or nothing, or whoever the ticket is with already.

    Aborts with 422 when there is none.
    """
    if not word:
        return None
    if word == str(ticket.assignee_id):
        return ticket.assignee
    id = actor().id if word == "me" else int(word) if is_number(word) else 0
    chosen = next((person for person in staff_members() if person.id == id), None)
    return chosen or abort(422, NOT_AT_THE_DESK)
