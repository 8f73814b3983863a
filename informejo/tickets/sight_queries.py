"""Who of the staff sees alike: what is made once for all of them, and for whom it has to be made by themselves."""

from collections.abc import Collection, Hashable

from sqlalchemy import select, union

from informejo import db
from informejo.accounts.models import User
from informejo.accounts.queries import Choice, choices_of_staff, is_anybody_at_the_desk, staff_members
from informejo.built_once import ANY_STAFF, Anyone
from informejo.events.log import Standing
from informejo.policy import confided_to, may
from informejo.shelf import shelf
from informejo.tickets.models import NamedPerson, Ticket

_ITS = Ticket.confidential
_CONCERNED = union(
    select(Ticket.requester_id).where(_ITS),
    select(Ticket.assignee_id).where(_ITS, Ticket.assignee_id.is_not(None)),
    select(NamedPerson.user_id).join(Ticket, Ticket.id == NamedPerson.ticket_id).where(_ITS),
)


def seeing_as(actor: User, standing: Standing) -> User | Anyone:
    """Who stands for the actor in what is asked once for all who see the same tickets.

    That is ANY_STAFF for the staff who see no more and no less than what all see, and for everybody else themselves.
    """
    alike = actor.is_staff and actor.active and not actor.narrowed
    return ANY_STAFF if alike and actor.id not in _concerned(standing) else actor


def sight(actor: User, standing: Standing) -> Hashable:
    """The same as a part of keys: equal for those who see the same tickets as long as the log stands where it does."""
    seer = seeing_as(actor, standing)
    return "staff" if seer is ANY_STAFF else (actor.id, actor.active, actor.is_staff, actor.only)


def choices_for(ticket: Ticket) -> list[Choice]:
    """The active staff who may see that ticket, to choose from."""
    if not ticket.confidential and ticket.team_id is None:
        return choices_of_staff()
    return [Choice(one.id, one.name) for one in staff_members() if may(one, "ticket.see", ticket)]


def named_on(ticket: Ticket) -> list[User]:
    """Whom a confidential ticket names, by name."""
    named = select(User).join(NamedPerson, NamedPerson.user_id == User.id).where(NamedPerson.ticket_id == ticket.id)
    return list(db.session.scalars(named.order_by(User.folded, User.id)))


def is_seen_at_the_desk(ticket: Ticket, assignee: User | None, named: Collection[User]) -> bool:
    """Whether a confidential ticket with that assignee, naming these people, concerns anybody who is at the desk.

    Asked of the database: whoever was read before this waited for its turn may have left since.
    """
    return is_anybody_at_the_desk({person.id for person in (ticket.requester, assignee, *named) if person})


def left_alone_by(user: User) -> list[Ticket]:
    """The confidential tickets, over and binned ones too, that somebody who left the desk was the last there to see."""
    theirs = db.session.scalars(select(Ticket).where(Ticket.id.in_(confided_to(user))).order_by(Ticket.id))
    return [ticket for ticket in theirs if not is_seen_at_the_desk(ticket, ticket.assignee, named_on(ticket))]


def _concerned(standing: Standing) -> frozenset[int]:
    """Everybody who sees a confidential ticket; nobody, without a question, where there is none."""
    return shelf.one(("concerned", standing), _read_concerned) if standing.confided else frozenset()


def _read_concerned() -> frozenset[int]:
    return frozenset(id for (id,) in db.rows(_CONCERNED))
