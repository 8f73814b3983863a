"""All tickets of one person that go to others at once, and how they come back."""

from collections.abc import Iterator

from sqlalchemy import update
from sqlalchemy.orm.attributes import set_committed_value
from werkzeug.exceptions import UnprocessableEntity

from informejo import db, turns
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.policy import require
from informejo.teams.models import Team
from informejo.tickets.batch_queries import (
    PLACES,
    leaves,
    moved_by,
    sees_other_tickets_since,
    still_there,
    teams_before,
    told_of,
    unsolved_of,
)
from informejo.tickets.change_actions import require_at_the_desk
from informejo.tickets.models import Ticket

_TICKETS = Ticket.__table__
AT_ONCE = 250  # tickets handed over before others get a turn, about 20 ms


def hand_over(actor: User, user: User, to: User | Team | None) -> Event | None:
    """Give all unsolved tickets of `user` to an active member of the staff, to a team, or to nobody.

    Returns the event that they belong to, None when there are none. Raises UnprocessableEntity. With the people locked,
    none is given to `user` meanwhile.
    """
    tickets = hold_tickets_of(actor, user, to)
    if not tickets:
        return None
    changes = {"tickets": [told_of(tickets), to and to.name]}
    batch = log.record(EventName.USER_UPDATED, actor, audience=Audience.STAFF, user=user, changes=changes)
    pass_on(actor, tickets, to, batch)
    return batch


def hold_tickets_of(actor: User, user: User, to: User | Team | None, leaves: bool = False) -> list[Ticket]:
    """The tickets that `hand_over` would give to `to`, locked, and with them the people. Raises UnprocessableEntity.

    Those that the actor sees, and all where `user` leaves the desk. Confidential ones of somebody who stays go to a
    person alone: with a team or nobody, nobody at all of the staff might see them.
    """
    require(actor, "ticket.triage")
    db.lock_all(user, to if isinstance(to, User) else None)
    if isinstance(to, Team):
        db.lock(to)  # people before teams, and teams before tickets; it may be no more since it was chosen
    if to is user:
        raise UnprocessableEntity("Tickets are handed over to somebody else, or to nobody.")
    if isinstance(to, User):
        require_at_the_desk(to)
    everything = leaves or isinstance(to, User)
    return _locked(unsolved_of(user, None if leaves else actor, confidential=everything))


def pass_on(actor: User, tickets: list[Ticket], to: User | Team | None, batch: Event | None = None):
    """Give them to somebody, a team or nobody, as part of that batch."""
    places = {"assignee": None, "team": to} if isinstance(to, Team) else {"assignee": to}
    for place, to in places.items():
        _put(actor, tickets, place, to, batch)


def give_back(actor: User, user: User, batch: Event) -> tuple[int, int]:
    """Give what is still where the batch put it back to whom it was taken from; how many, and how many others.

    Those others are solved, or somebody gave them elsewhere since or made them confidential. Confidential ones are not
    counted. Raises UnprocessableEntity where they would be with somebody who has left the desk, and were not before.
    """
    db.lock(user)
    if leaves(batch):
        require_at_the_desk(user)
    # Whoever handed them over and sees less since would give themselves sight again, or change what they do not see.
    seer = actor if not leaves(batch) and sees_other_tickets_since(actor, batch) else None
    people = {user} if leaves(batch) else {user, actor}
    tickets, teams = _locked(still_there(batch, seer, people)), teams_before(batch)
    _put(actor, tickets, "assignee", user)
    for team in set(teams.values()):
        _put(actor, [ticket for ticket in tickets if teams.get(ticket.id, ticket.team) is team], "team", team)
    back = told_of(tickets)
    return back, moved_by(batch) - back


def _put(actor: User, tickets: list[Ticket], place: str, to: User | Team | None, batch: Event | None = None):
    """Each has an event of its own: that a ticket is with a team is nothing its requester hears of."""
    moved = [ticket for ticket in tickets if getattr(ticket, place) is not to]
    for some in _pieces(moved):
        changed = [_moved(ticket, place, to) for ticket in some]
        log.record_all(EventName.TICKET_UPDATED, actor, changed, audience=PLACES[place], batch=batch)
        theirs = _TICKETS.c.id.in_([ticket.id for ticket in some])
        db.session.execute(update(_TICKETS).where(theirs).values({f"{place}_id": to and to.id}))
        for ticket in some:
            set_committed_value(ticket, place, to)
            set_committed_value(ticket, f"{place}_id", to and to.id)
        turns.give_way()


def _moved(ticket: Ticket, place: str, to: User | Team | None) -> tuple[Ticket, dict, User | None]:
    """What the log says of it, and who had it where they may lose sight of it by that: others may be called so."""
    had = getattr(ticket, place)
    told = {place: [had and had.name, to and to.name]}
    return ticket, told, None if place == "team" or ticket.is_for_all_staff else had


def _pieces(tickets: list[Ticket]) -> Iterator[list[Ticket]]:
    return (tickets[start : start + AT_ONCE] for start in range(0, len(tickets), AT_ONCE))


def _locked(tickets) -> list[Ticket]:
    return list(db.session.scalars(tickets.with_for_update().execution_options(populate_existing=True)))
