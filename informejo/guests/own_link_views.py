"""The links to one ticket, for whoever looks after it: seeing, ending and renewing them, and leaving one's own."""

from flask import Blueprint, g, request
from werkzeug.wrappers import Response

from informejo import cookies, db, policy, rates
from informejo.accounts.models import Session
from informejo.guests import link_actions
from informejo.guests.link_queries import find_link, listed_links
from informejo.tickets.models import Ticket
from informejo.web import actor, by_link, go_to, page, stream

bp = Blueprint("own_links", __name__, url_prefix="/tickets/<int:number>")


@bp.get("/links")
@by_link
def index(number: int):
    """The links that open this ticket for its requester, a page at a time."""
    ticket, live = policy.find_ticket(actor(), number), stream(f"ticket:{number}")
    listed = listed_links(actor(), ticket, request.args.get("page", type=int))
    shown = {"ticket": ticket, "listed": listed, "here": g.session.id}
    return page("guests/links.html", title=f"Links to #{number}", stream=live, **shown)


@bp.post("/links")
@by_link
def offer(number: int):
    """Have a new link mailed to the requester."""
    ticket = policy.find_ticket(actor(), number)
    if not actor().is_staff:
        # Apart from strangers, who can ask for one at /check; and whoever holds a link, from who is signed in.
        rates.count("link for a person", f"{ticket.requester.email} {actor().only or 'signed in'}")
    link_actions.offer_link(actor(), ticket)
    db.commit()
    return go_to(f"/tickets/{number}/links", "link-offered")


@bp.post("/links/<int:id>/removal")
@by_link
def end(number: int, id: int):
    """End one link."""
    ticket = policy.find_ticket(actor(), number)
    return _end(ticket, [find_link(actor(), ticket, id)])


@bp.post("/links/removal")
@by_link
def end_all(number: int):
    """End all of them: whatever was mailed for the ticket so far opens it no more."""
    ticket = policy.find_ticket(actor(), number)
    return _end(ticket, None, "all-links-ended")


@bp.post("/leaving")
@by_link
def leave(number: int):
    """Have this browser forget the link; what was mailed still works."""
    policy.find_ticket(actor(), number)
    return cookies.without_link_cookie(go_to("/", "link-left"), number)


@bp.post("/confirmation")
@by_link
def confirm(number: int):
    """Say that the ticket is one's own, and that one reads what is mailed."""
    ticket = policy.find_ticket(actor(), number)
    known = link_actions.prove(actor(), ticket)
    db.commit()
    return go_to(f"/tickets/{number}", "ticket-confirmed" if known else "")


def _end(ticket: Ticket, links: list[Session] | None, notice: str = "link-ended") -> Response:
    own = g.session.ticket_id is not None if links is None else g.session.id in {link.id for link in links}
    link_actions.end_links(actor(), ticket, links)
    db.commit()
    if own:
        return cookies.without_link_cookie(go_to("/", notice), ticket.id)
    return go_to(f"/tickets/{ticket.id}/links", notice)
