"""Reading what went from one person at once, for handing it over and for giving it back."""

from sqlalchemy import Select, and_, func, or_, select
from sqlalchemy.orm import aliased

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Audience, Event
from informejo.policy import team_meant, visible_tickets
from informejo.teams.models import Team
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED

PLACES = {"assignee": Audience.REQUESTER, "team": Audience.STAFF}  # what says where a ticket is, and who hears of it


def unsolved_of(user: User, seer: User | None, confidential: bool = True) -> Select:
    """The unsolved tickets that are assigned to somebody, of those that `seer` may see, or of all.

    With the confidential ones, or without.
    """
    tickets = visible_tickets(seer) if seer else select(Ticket).where(Ticket.deleted_at.is_(None))
    tickets = tickets.where(Ticket.assignee_id == user.id, Ticket.status.in_(UNSOLVED)).order_by(Ticket.id)
    return tickets if confidential else tickets.where(Ticket.confidential.is_(False))


def leaves(batch: Event) -> bool:
    """Whether somebody left the desk with it; else their tickets were handed over and nothing else."""
    return bool(batch.changes.keys() & {"role", "active"})


def moved_by(batch: Event) -> int:
    """How many tickets went with that batch."""
    return db.session.scalar(select(func.count()).select_from(_moves(batch).subquery()))


def still_there(batch: Event) -> Select:
    """Those of them that are where the batch put them, unsolved, and that nobody has given elsewhere since.

    None that became confidential since: whoever had it before was not among those who see it then.
    """
    move, since = _moves(batch).subquery(), aliased(Event)
    changed = [since.changes[place].as_string().is_not(None) for place in PLACES]
    changed.append(and_(Ticket.confidential, since.changes["confidential"].as_string().is_not(None)))
    later = since.ticket_id == move.c.ticket_id, since.id > move.c.id, since.batch.is_distinct_from(batch.id)
    later = *later, or_(*changed)
    tickets = select(Ticket).join(move, move.c.ticket_id == Ticket.id).where(~select(since.id).where(*later).exists())
    return tickets.where(Ticket.deleted_at.is_(None), Ticket.status.in_(UNSOLVED)).order_by(Ticket.id)


def teams_before(batch: Event) -> dict[int, Team | None]:
    """In which team each ticket was that the batch gave to a team, by its number; one that is gone is none."""
    events = db.session.scalars(select(Event).where(Event.batch == batch.id, _says("team")))
    names = {event.ticket_id: event.changes["team"][0] for event in events}
    teams = {name: team_meant(batch, name) for name in set(names.values()) - {None}}
    return {number: teams.get(name) for number, name in names.items()}


def _moves(batch: Event) -> Select:
    return select(Event.id, Event.ticket_id).where(Event.batch == batch.id, _says("assignee"))


def _says(field: str):
    return Event.changes[field].as_string().is_not(None)
