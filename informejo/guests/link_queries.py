"""Reading links to one ticket, and the codes beside them: whom they let in, and which of them there are."""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from informejo import clock, db, policy
from informejo.accounts.models import Session, User
from informejo.accounts.queries import fingerprint, user_by_email
from informejo.guests.codes import hashed, read
from informejo.offload import offload
from informejo.paging import nearest_page
from informejo.tickets.models import Ticket

_NEWEST = Session.created_at.desc(), Session.id.desc()
NOBODY = 0  # an id that no person has
PAGE = 50  # links on one page of the list


class Opens(NamedTuple):
    """What a new link would open: a ticket, for its requester."""

    user: User
    ticket: Ticket


class Listed(NamedTuple):
    """One page of a ticket's links, the newest first: its number from 1, whether there is another, how many in all."""

    links: list[Session]
    number: int
    more: bool
    total: int


def link_with(token: str) -> Session | None:
    """The link with that token, while it lets somebody in."""
    return db.session.scalar(_holding().where(Session.token_hash == fingerprint(token)))


def ticket_held(tokens: Collection[str], email: str) -> int | None:
    """The newest ticket of that person to which one of these tokens is a link, or was just now."""
    of_links = Session.token_hash.in_([fingerprint(token) for token in tokens])
    newest = select(func.max(Session.ticket_id)).join(Session.user)
    return db.session.scalar(newest.where(User.email == email, of_links))


def opened_by_code(email: str, typed: str) -> Session | None:
    """The link beside which that person's code stands; None for whatever is wrong, after the same work."""
    code, user = read(typed), user_by_email(email)
    wanted = offload(hashed, code, user.id if user else NOBODY)
    return db.session.scalars(_holding().where(Session.code_hash == wanted)).first()


def ticket_of(link: Session) -> Ticket:
    """The ticket that it opens. Raises NotFound when that is gone for good."""
    ticket = db.session.get(Ticket, link.ticket_id)
    if ticket is None:
        raise NotFound(policy.NOTHING)
    return ticket


def still_opens(link: Session) -> bool:
    """Whether it lets somebody in now, whatever was read of it before."""
    return db.session.scalar(_holding().where(Session.id == link.id).with_only_columns(Session.id)) is not None


def links_to(actor: User, ticket: Ticket) -> list[Session]:
    """The links to that ticket that still let its requester in, the newest first; for those who look after them."""
    policy.require(actor, "ticket.link", ticket)
    return list(db.session.scalars(_to(ticket).order_by(*_NEWEST)))


def listed_links(actor: User, ticket: Ticket, page: int | None = None) -> Listed:
    """The same, a page at a time. A page that cannot be is the nearest that can."""
    policy.require(actor, "ticket.link", ticket)
    links = _to(ticket)
    total = db.session.scalar(select(func.count()).select_from(links.with_only_columns(Session.id).subquery()))
    number = nearest_page(page, total, PAGE)
    shown = links.order_by(*_NEWEST).limit(PAGE).offset((number - 1) * PAGE)
    return Listed(list(db.session.scalars(shown)), number, total > number * PAGE, total)


def find_link(actor: User, ticket: Ticket, id: int) -> Session:
    """One of them. Raises NotFound."""
    policy.require(actor, "ticket.link", ticket)
    try:
        found = db.session.scalar(_to(ticket).where(Session.id == id))
    except OverflowError:  # a number in the address that no row can have
        found = None
    if found is None:
        raise NotFound(policy.NOTHING)
    return found


def own_ticket(email: str, number: int | None) -> Opens | None:
    """The ticket with that number, by default the newest, of the person with that address, if they may come in.

    Also what came from the address of an account that is not shown it: whoever reads the mailbox comes to it by a link.
    """
    user = user_by_email(email)
    if user is None or not user.active:
        return None
    theirs = select(Ticket).where(Ticket.requester_id == user.id, Ticket.deleted_at.is_(None))
    theirs = theirs.order_by(Ticket.id.desc()).limit(1)
    ticket = db.session.scalar(theirs.where(Ticket.id == number) if number else theirs)
    return Opens(user, ticket) if ticket else None


def _to(ticket: Ticket) -> Select:
    return _holding().where(Session.ticket_id == ticket.id)


def _holding() -> Select:
    """Links in time, of people who may come in, to tickets that are theirs."""
    theirs = Ticket.requester_id == Session.user_id
    links = select(Session).join(Session.user).join(Ticket, Ticket.id == Session.ticket_id)
    return links.where(User.active, Session.expires_at > clock.now(), theirs).options(joinedload(Session.user))
