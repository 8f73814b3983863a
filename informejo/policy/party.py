"""Whom a ticket at hand concerns: the law about one thing. `sight` says the same for statements."""

from typing import NamedTuple

from informejo import db
from informejo.accounts.models import User
from informejo.teams.models import TeamMember
from informejo.tickets.models import Comment, NamedPerson, Ticket


class AsItWas(NamedTuple):
    """What decided who saw a ticket, as it was at some moment before now."""

    id: int
    requester_id: int
    assignee_id: int | None
    team_id: int | None
    confidential: bool
    named: frozenset[int]

    unverified = False  # of what came so, an account never lost sight: it is shown it later, or never


def is_party(actor, thing: Ticket | Comment | AsItWas) -> bool:
    """Whether this person may see that ticket, in the bin or not, or the ticket of that message."""
    ticket = thing.ticket if isinstance(thing, Comment) else thing
    if actor.only not in (None, ticket.id):
        return False
    if not actor.is_staff:
        return ticket.requester_id == actor.id and (actor.only is not None or _is_for_account(ticket))
    if actor.id in (ticket.requester_id, ticket.assignee_id):
        return True
    if ticket.confidential:
        return is_named(actor, ticket)
    return not actor.narrowed or ticket.team_id is None or _is_member(actor, ticket)


def _is_for_account(ticket: Ticket) -> bool:
    """Whether it is shown to its requester's account: not what came from the address of one that is not its owner's."""
    return not (ticket.unverified and ticket.requester.is_unproven)


def is_named(actor: User, ticket: Ticket | AsItWas) -> bool:
    """Whether a confidential ticket names this person among those who see it."""
    if isinstance(ticket, AsItWas):
        return actor.id in ticket.named
    return db.session.get(NamedPerson, (ticket.id, actor.id)) is not None


def _is_member(actor: User, ticket: Ticket) -> bool:
    return db.session.get(TeamMember, (ticket.team_id, actor.id)) is not None
