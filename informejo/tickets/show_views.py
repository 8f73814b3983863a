"""One ticket as a page: with its conversation, found by a message's own address, or on paper."""

from flask import Blueprint, redirect, request

from informejo import policy
from informejo.drafts.queries import draft_for
from informejo.events.models import Audience
from informejo.live import fragments
from informejo.tickets import queries
from informejo.tickets.files import lost_among
from informejo.tickets.ticket_page import ticket_page
from informejo.web import actor, by_link, page

bp = Blueprint("show", __name__)


@bp.get("/tickets/<int:number>")
@by_link
def show(number: int):
    """One ticket: the conversation is its event log."""
    ticket = policy.find_ticket(actor(), number)
    return ticket_page(ticket, draft_for(actor(), f"ticket:{number}", request.args.get("draft")), {})


@bp.get("/comments/<int:id>")
@by_link
def comment(id: int):
    """The lasting address of a message: leads to its place on the ticket's page, however old it is."""
    comment = policy.find_comment(actor(), id)
    return redirect(f"/tickets/{comment.ticket_id}?at={id}#comment-{id}")


@bp.get("/tickets/<int:number>/print")
@by_link
def paper(number: int):
    """The whole ticket for paper: nothing folded away, no controls; notes only for staff who ask for them."""
    ticket = policy.find_ticket(actor(), number)
    is_staff = policy.audience(actor()) == Audience.STAFF
    notes = is_staff and request.args.get("notes") == "yes"
    audience = Audience.STAFF if notes else Audience.REQUESTER
    events = queries.timeline_for(actor(), ticket)
    pieces = fragments.timeline([event for event in events if event.is_for(audience)], audience)
    context = {"ticket": ticket, "pieces": pieces, "notes": notes, "may_have_notes": is_staff, "audience": audience}
    context["lost"] = lost_among(ticket.attachments)
    return page("tickets/paper.html", title=f"#{number} {ticket.title}", stream="", **context)
