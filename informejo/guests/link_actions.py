"""Links to one ticket: made when a mail is written or a code is typed, and ended by whoever looks after them."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta
from typing import NamedTuple

from sqlalchemy import delete
from werkzeug.exceptions import NotFound

from informejo import clock, db, turns
from informejo.accounts.models import Session, User
from informejo.accounts.queries import fingerprint
from informejo.audit import accesses
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.guests.codes import hashed, new_code
from informejo.guests.link_queries import links_to, still_opens, ticket_of
from informejo.mail.actions import confirm_address
from informejo.offload import offload
from informejo.policy import hold
from informejo.settings.queries import setting
from informejo.tickets.models import Ticket


class Link(NamedTuple):
    """What opens a ticket for its requester, each by itself; both are known here and then nowhere else."""

    token: str
    code: str


def make_link(user: User, ticket: Ticket, agent: str = "") -> Link:
    """A new link to this person's own ticket, and the code beside it. `agent` is the browser it is made for, if any."""
    link = Link(secrets.token_urlsafe(32), new_code())
    code_hash = offload(hashed, link.code, user.id)  # before anything is written: it takes a while
    db.lock(user)  # where their address changes, links that are there end, and no other goes to the one of before
    now = clock.now()
    times = {"created_at": now, "seen_at": now, "expires_at": now + timedelta(days=setting("LINK_DAYS"))}
    hashes = {"token_hash": fingerprint(link.token), "code_hash": code_hash}
    db.session.add(Session(user_id=user.id, ticket_id=ticket.id, agent=agent, **hashes, **times))
    return link


def make_another(link: Session, agent: str) -> Link | None:
    """One more link to the same ticket, for whoever typed the code of this one; None where this one has ended since."""
    with suppress(NotFound):
        ticket = ticket_of(link)
        made = make_link(link.user, ticket, agent)
        db.lock(ticket)  # whoever ends all of them meanwhile finds this one too, or it is not made
        return made if still_opens(link) else None
    return None


def end_links(actor: User, ticket: Ticket, links: Iterable[Session] | None = None):
    """End these links to the ticket, or all that there are: their pages and streams end with them.

    Nobody comes in by them any more.
    """
    hold(actor, "ticket.link", ticket)
    for link in turns.in_turns(links_to(actor, ticket) if links is None else links):
        if db.session.execute(delete(Session).where(Session.id == link.id)).rowcount:
            changes = {"session": [link.id, None]}
            log.record(EventName.SESSION_ENDED, actor, audience=Audience.STAFF, user=link.user, changes=changes)


def offer_link(actor: User, ticket: Ticket):
    """Have a new link mailed to the ticket's requester: whoever sends the mail makes it then."""
    hold(actor, "ticket.link", ticket)
    log.record(EventName.LINK_OFFERED, actor, audience=Audience.REQUESTER, ticket=ticket, user=ticket.requester)


def prove(actor: User, ticket: Ticket) -> bool:
    """Note what it shows that the requester does something here: that the ticket is theirs, and by a link the address.

    What opens a page alone shows nothing: programs that look through mails follow links too. Nor does a link make an
    account its owner's that somebody else may have made: it would show that one the ticket. Whether it is known to be
    theirs now.
    """
    if actor.is_unproven:
        return False
    if actor.only == ticket.id and actor.confirmed_at is None:
        accesses.note("link-used", user=actor, said="For the first time.")  # which ticket is not for all who audit
        confirm_address(actor, actor.email)
    if ticket.unverified and actor.id == ticket.requester_id:
        hold(actor, "ticket.see", ticket)
        ticket.unverified = False
        changes = {"unverified": [True, False]}
        log.record(EventName.TICKET_UPDATED, actor, audience=Audience.STAFF, ticket=ticket, changes=changes)
    return not ticket.unverified
