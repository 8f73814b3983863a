"""Coming in by a link that was mailed: its token is exchanged for a cookie, and stands in no address after that."""

from flask import Blueprint, g, redirect

from informejo import cookies, db, policy, rates, security
from informejo.accounts import session_actions
from informejo.accounts.models import Session
from informejo.guests.link_queries import link_with, ticket_of
from informejo.guests.links import with_link
from informejo.web import go_to, page, public

bp = Blueprint("guest_links", __name__)


@bp.get("/t/")
@bp.get("/t/<token>")
@public
def open_link(token: str = ""):
    """On to the ticket. Nothing is written and nothing spent: programs that look through mails come here first."""
    link = link_with(token)
    if link is None:
        return _no_link()
    if g.actor and not _is_shown(link):
        return page("guests/somebody_else.html", title="You are signed in", link=link, token=token)
    to_ticket = redirect(f"/tickets/{link.ticket_id}", 303)
    return to_ticket if g.actor else with_link(to_ticket, link.ticket_id, token)


@bp.post("/t/<token>")
@public
def open_instead(token: str):
    """Sign out, and then on to the ticket."""
    link = link_with(token)
    if link is None:
        return _no_link()
    response = with_link(go_to(f"/tickets/{link.ticket_id}"), link.ticket_id, token)
    if g.session and not _is_shown(link):
        cookies.with_cookie(response, session_actions.sign_out(g.session))
        db.commit()
    return response


def _is_shown(link: Session) -> bool:
    """Whether who is signed in comes to that ticket without the link: they asked for it, and their account shows it."""
    return g.actor.id == link.user_id and policy.may(g.actor, "ticket.see", ticket_of(link))


def _no_link():
    """One page for all that opens nothing: what never was a link, what has ended, and what has had its time."""
    rates.count("link", security.address())
    return page("guests/no_link.html", title="This link does not work", typed={}, problems={}, hidden={}), 404
