"""The doors of changes to a ticket: its fields, its texts, the bin, and how far it has been read."""

from functools import partial
from typing import NamedTuple

from flask import Blueprint, abort, request

from informejo import db, policy
from informejo.accounts.queries import staff_members
from informejo.drafts.queries import draft_for
from informejo.inputs import Input, Invalid
from informejo.live import fragments, presence
from informejo.tickets import actions, change_actions
from informejo.tickets.change_actions import ANY, NOT_AT_THE_DESK, Conflict
from informejo.tickets.inputs import CategoryChange, Change, CommentText, PriorityChange, StatusChange, TicketText
from informejo.tickets.models import Ticket
from informejo.web import actor, answer, go_to, page, stream, wants_fragment

bp = Blueprint("changes", __name__)
FIELDS = {
    "status": (StatusChange, change_actions.set_status),
    "priority": (PriorityChange, change_actions.set_priority),
    "category": (CategoryChange, change_actions.set_category),
}


@bp.post("/tickets/<int:number>/<any(status, priority, category):field>")
def change(number: int, field: str):
    """Set one field. Somebody else's change of the same field meanwhile is shown, not overwritten."""
    ticket, (kind, action) = policy.find_ticket(actor(), number), FIELDS[field]
    asked = _read(kind)
    return _changed(ticket, field, lambda: action(actor(), ticket, asked.value, asked.was or ANY))


@bp.post("/tickets/<int:number>/assignment")
def assign(number: int):
    """Give the ticket to somebody of the staff: an id, `me`, or nobody (empty)."""
    ticket, asked = policy.find_ticket(actor(), number), _read(Change)
    policy.require(actor(), "ticket.triage", ticket)  # before the answer tells which ids are of the staff
    was = ANY if asked.was is None else asked.was
    chosen = _person(ticket, asked.value)
    return _changed(ticket, "assignee", lambda: change_actions.assign(actor(), ticket, chosen, was))


@bp.route("/tickets/<int:number>/edit", methods=["GET", "POST"])
def edit(number: int):
    """Put title and description right."""
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.edit", ticket)
    form = TextForm("tickets/edit.html", f"Edit #{number}", f"ticket:{number}:edit", {"ticket": ticket}, number)
    if request.method != "POST":
        return form.page(draft_for(actor(), form.draft))
    save = partial(change_actions.edit_ticket, actor(), ticket)
    return _edited(form, save, TicketText, ticket.version, f"/tickets/{number}")


@bp.route("/comments/<int:id>/edit", methods=["GET", "POST"])
def edit_comment(id: int):
    """Put a message right."""
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
    """Into the bin."""
    change_actions.delete_ticket(actor(), policy.find_ticket(actor(), number))
    db.commit()
    return go_to("/bin", "ticket-deleted")


@bp.post("/tickets/<int:number>/restoration")
def restore(number: int):
    """Out of the bin again."""
    ticket = policy.find_binned(actor(), number)
    change_actions.restore_ticket(actor(), ticket)
    db.commit()
    return go_to(f"/tickets/{number}", "ticket-restored")


@bp.post("/tickets/<int:number>/seen")
def seen(number: int):
    """The page was looked at, up to the event the browser names."""
    event = request.form.get("event", type=int)
    if event is None or not 0 < event < 2**63:
        abort(400)
    actions.mark_seen(actor(), policy.find_ticket(actor(), number), event)
    db.commit()
    return answer("", f"/tickets/{number}")


@bp.post("/tickets/<int:number>/writing")
def writing(number: int):
    """Somebody is typing on that ticket: shown to the staff, kept nowhere."""
    ticket = policy.find_ticket(actor(), number)
    if actor().is_staff:
        presence.writes(actor(), ticket)
    return "", 204


SHORT = 40  # characters of a value that a button still names
WHOLE_PAGE = {"HX-Retarget": "#main", "HX-Reselect": "#main", "HX-Reswap": "outerHTML"}


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
        return _conflict_page(conflict, request.path, fields, location), 409, WHOLE_PAGE
    return go_to(location)


def _changed(ticket: Ticket, field: str, act):
    """Do it, commit, and answer with what it touched on the page."""
    try:
        act()
        events = db.commit()
    except Conflict as conflict:
        return _field_conflict(ticket, conflict)
    parts = [fragments.question(field), *fragments.answer(events, ticket, policy.audience(actor()))]
    return answer(fragments.render(parts), f"/tickets/{ticket.number}")


def _field_conflict(ticket: Ticket, conflict: Conflict):
    """Both values, and a button for each; with htmx at the control, without it on a page of its own."""
    [(field, (_, theirs))] = conflict.both.items()
    theirs = change_actions.told(theirs)
    keep, insist = {"was": theirs, "value": theirs}, {"was": theirs, "value": request.form["value"]}
    needs = _both(conflict, request.path, keep, insist)
    if wants_fragment():
        # The control shows what the ticket says, whatever was chosen there: what was chosen stands in the question.
        parts = [fragments.question(field, needs), *fragments.about(ticket, policy.audience(actor()))]
        return fragments.render(parts), 409
    return page("tickets/conflict.html", title="Two changes", back=f"/tickets/{ticket.number}", **needs), 409


def _conflict_page(conflict: Conflict, address: str, fields: dict, back: str) -> str:
    theirs = fields | {field: text for field, (_, text) in conflict.both.items()}
    return page("tickets/conflict.html", title="Two changes", back=back, **_both(conflict, address, theirs, fields))


def _both(conflict: Conflict, address: str, theirs: dict, yours: dict) -> dict:
    words = {field: (_word(mine), _word(other)) for field, (mine, other) in conflict.both.items()}
    keep, make = "Keep what is there", "Make it yours"
    if len(words) == 1:
        [(mine, other)] = words.values()
        keep = f"Keep “{other}”" if len(other) < SHORT else keep
        make = f"Make it “{mine}”" if len(mine) < SHORT else make
    choices = [(address, theirs, keep), (address, yours, make)]
    return {"both": words, "who": conflict.who, "own": conflict.who == actor(), "choices": choices}


def _word(value) -> str:
    """A value as people say it."""
    if value is None:
        return "Nobody"
    return getattr(value, "word", None) or getattr(value, "name", None) or str(value)


def _read(asked: type[Change]) -> Change:
    try:
        return asked.read(request.form)
    except Invalid as invalid:
        abort(422, " ".join(invalid.problems.values()))


def _person(ticket: Ticket, word: str | None):
    """The member of the staff that a form names by id, `me` or nothing, or whoever the ticket is with already.

    Aborts with 422 when there is none.
    """
    if not word:
        return None
    if word == str(ticket.assignee_id):
        return ticket.assignee
    id = actor().id if word == "me" else int(word) if word.isascii() and word.isdecimal() and len(word) < 12 else 0
    chosen = next((person for person in staff_members() if person.id == id), None)
    return chosen or abort(422, NOT_AT_THE_DESK)
