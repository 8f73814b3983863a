"""Reading what went from one person at once, for handing it over and for giving it back."""

from collections.abc import Collection

from sqlalchemy import Select, and_, func, not_, or_, select
from sqlalchemy.orm import aliased

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Audience, Event
from informejo.policy import knows, team_meant, visible_tickets
from informejo.teams.models import Team
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED

PLACES = {"assignee": Audience.REQUESTER, "team": Audience.STAFF}  # what says where a ticket is, and who hears of it

OF_RIGHTS = ("role", "active", "teams", "narrowed")  # of a person: what decides which tickets they see


def unsolved_of(user: User, seer: User | None, confidential: bool = True) -> Select:
    """The unsolved tickets that are assigned to somebody, of those that `seer` may see, or of all.

    With the confidential ones, or without.
    """
    tickets = _unsolved(seer).where(Ticket.assignee_id == user.id)
    return tickets if confidential else tickets.where(Ticket.confidential.is_(False))


def told_of(tickets: Collection[Ticket]) -> int:
    """How many of these the log says: the confidential ones would be counted for whoever does not see them, too."""
    return sum(not ticket.confidential for ticket in tickets)


def leaves(batch: Event) -> bool:
    """Whether somebody left the desk with it; else their tickets were handed over and nothing else."""
    return bool(batch.changes.keys() & {"role", "active"})


def moved_by(batch: Event) -> int:
    """How many tickets went with that batch, as far as the log says."""
    moves = _moves(batch).join(Ticket, Ticket.id == Event.ticket_id).where(Ticket.confidential.is_(False))
    return db.session.scalar(select(func.count()).select_from(moves.subquery()))


def still_there(batch: Event, seer: User | None, people: Collection[User]) -> Select:
    """Those of them that are where the batch put them, unsolved, and that nobody has given elsewhere since.

    Of those that `seer` may see by now, or of all. None that became confidential since, or that named one of these
    people then, who does not see it now.
    """
    move, since = _moves(batch).subquery(), aliased(Event)
    changed = [since.changes[place].as_string().is_not(None) for place in PLACES]
    shut = since.changes["confidential"].as_string().is_not(None)
    unnamed = [and_(since.user_id == one.id, not_(knows(one, move.c.ticket_id))) for one in people]
    unnamed = and_(since.changes["named"].as_string().is_not(None), or_(*unnamed))
    changed.append(and_(Ticket.confidential, or_(shut, unnamed)))
    later = since.ticket_id == move.c.ticket_id, since.id > move.c.id, since.batch.is_distinct_from(batch.id)
    later = *later, or_(*changed)
    tickets = _unsolved(seer).join(move, move.c.ticket_id == Ticket.id)
    return tickets.where(~select(since.id).where(*later).exists())


def sees_other_tickets_since(actor: User, batch: Event) -> bool:
    """Whether what they may see hangs on another role or other teams now than it did when that happened."""
    theirs = select(Event.id).where(Event.user_id == actor.id, Event.id > batch.id)
    return db.session.scalar(select(theirs.where(or_(*map(_says, OF_RIGHTS))).exists()))


def teams_before(batch: Event) -> dict[int, Team | None]:
    """In which team each ticket was that the batch gave to a team, by its number; one that is gone is none."""
    events = db.session.scalars(select(Event).where(Event.batch == batch.id, _says("team")))
    names = {event.ticket_id: event.changes["team"][0] for event in events}
    teams = {name: team_meant(batch, name) for name in set(names.values()) - {None}}
    return {number: teams.get(name) for number, name in names.items()}


def entrusted_by(batch: Event) -> list[Event]:
    """What had tickets name others in the place of whoever left with that batch; not where one was open since."""
    since = aliased(Event)
    later = since.ticket_id == Event.ticket_id, since.id > Event.id
    opened = *later, since.changes["confidential"].as_string().is_not(None)
    named = select(Event).where(Event.batch == batch.id, _says("named"), ~select(since.id).where(*opened).exists())
    return list(db.session.scalars(named.order_by(Event.ticket_id)))


def _unsolved(seer: User | None) -> Select:
    tickets = visible_tickets(seer) if seer else select(Ticket).where(Ticket.deleted_at.is_(None))
    return tickets.where(Ticket.status.in_(UNSOLVED)).order_by(Ticket.id)


def _moves(batch: Event) -> Select:
    return select(Event.id, Event.ticket_id).where(Event.batch == batch.id, _says("assignee"))


def _says(field: str):
    return Event.changes[field].as_string().is_not(None)
