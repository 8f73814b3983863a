"""Reading what else one person asked for."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Select, bindparam, func

from informejo import db, policy
from informejo.accounts.models import User
from informejo.built_once import built_once
from informejo.events.models import Event
from informejo.tickets.models import Ticket
from informejo.tickets.words import UNSOLVED, Status

MOST = 5  # tickets that a page lists


class Other(NamedTuple):
    """Another ticket of the same person, and when something happened on it last."""

    number: int
    title: str
    status: Status
    at: datetime


class Others(NamedTuple):
    """Those with the latest activity, and how many there are in all."""

    tickets: tuple[Other, ...]
    total: int
    requester_id: int


def others_open(actor: User, ticket: Ticket) -> Others:
    """What else the requester of that ticket asked for and is not solved, of what the actor may see."""
    found = db.rows(_others(actor), me=actor.id, requester=ticket.requester_id, ticket=ticket.id)
    return Others(tuple(Other(*row[:-1]) for row in found), found[0][-1] if found else 0, ticket.requester_id)


@built_once
def _others(actor) -> Select:
    return (
        policy.visible_tickets(actor)
        .where(Ticket.requester_id == bindparam("requester"), Ticket.id != bindparam("ticket"))
        .where(Ticket.status.in_(UNSOLVED))
        .join(Event, Event.id == Ticket.last_event_id_for(policy.audience(actor)))
        .order_by(Event.id.desc())
        .limit(MOST)
        .with_only_columns(Ticket.id, Ticket.title, Ticket.status, Event.at, func.count().over())
    )
