"""A ticket as its requester sees it, for the staff: the very page, drawn for them, and nothing can be sent from it."""

from flask import Blueprint, render_template
from markupsafe import Markup
from werkzeug.exceptions import NotFound

from informejo import policy
from informejo.accounts.models import Role
from informejo.live import makers
from informejo.tickets.models import Ticket
from informejo.tickets.ticket_page import ticket_context
from informejo.web import actor, page, seen_as

bp = Blueprint("as_requester", __name__)


@bp.get("/tickets/<int:number>/as-requester")
def as_requester(number: int):
    """What the requester is shown now: no note, no draft of theirs, and nothing counts as read.

    Of their other tickets nothing is shown that whoever looks does not see.
    """
    ticket = policy.find_ticket(actor(), number)
    policy.require(actor(), "ticket.note", ticket)
    title = f"#{ticket.number} as {ticket.requester.name} sees it"
    return page("tickets/as_requester.html", title=title, stream="", ticket=ticket, shown=_shown(ticket))


def _shown(ticket: Ticket) -> Markup:
    """Their page without its frame; empty for somebody who sees nothing any more."""
    requester = ticket.requester
    hidden = ticket.follows is not None and not policy.may(actor(), "ticket.see", ticket.follows)
    by_link = ticket.id if requester.is_staff or requester.role == Role.GUEST else None  # who else comes by one?
    with seen_as(requester, by_link):
        try:
            theirs = policy.find_ticket(requester, ticket.number)
        except NotFound:
            return Markup()
        context = ticket_context(theirs, {}, {}) | {"trail": None}  # it leads through all tickets of theirs
        if hidden:
            head = makers.head(theirs, policy.audience(requester), None)
            context["around"] = context["around"] | {"ticket-head": head.html}  # a new one: that is kept for others
        drawn = render_template("tickets/show.html", frame="layout/bare.html", **context)
        return Markup(drawn)  # noqa: S704 - drawn by our own template
