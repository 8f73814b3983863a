"""How things are at one moment, as plain values: what the model of the mails is told."""

from datetime import datetime
from typing import NamedTuple

from sqlalchemy import select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.mail.models import IncomingMail, MailChoices, Watcher
from informejo.tickets import models as tables

BODIES = {  # what is written, and whom it calls by name
    "We are looking into it.": (),
    "Can you look, @Tom?": ("tom",),
    "@mia and @\u201cana silva\u201d: please": ("mia", "ana"),
    "Not `@Tom`, and not mail@mia.example": (),
}
NONE_CHOSEN = dict.fromkeys(("receipt", "mine", "assigned", "mentioned", "watched"), True)
NONE_CHOSEN |= {"pace": "once", "bundle_minutes": 30, "daily_at": 480, "quiet_from": None, "quiet_to": None}


class Person(NamedTuple):
    id: int
    staff: bool
    active: bool
    confirmed: bool
    zone: str
    choices: dict  # by field, with the defaults for whoever chose nothing


class Ticket(NamedTuple):
    id: int
    requester: int
    assignee: int | None
    status: str
    binned: bool
    watchers: frozenset[int]
    machine: bool  # opened by a mail that may not be answered
    by_mail: bool


class Happened(NamedTuple):
    id: int
    at: datetime
    name: str
    actor: int | None
    ticket: Ticket | None  # as it is when somebody looks
    internal: bool
    called: frozenset[int]  # whom the message calls by name
    writer: int | None
    user: int | None
    changed: frozenset[str]
    given: bool  # the ticket was given to whom it is with now


class Facts(NamedTuple):
    now: datetime
    people: dict[int, Person]
    happened: dict[int, Happened]
    read: dict[tuple[int, int], int]  # person and ticket -> up to which event


def look() -> Facts:
    """How things are now."""
    rows = [db.session.scalars(select(table)).all() for table in (MailChoices, tables.Comment)]  # read at once
    tickets = {ticket.id: _ticket(ticket) for ticket in db.session.scalars(select(tables.Ticket))}
    people = {user.id: _person(user) for user in db.session.scalars(select(User))}
    names = {user.email.partition("@")[0]: user.id for user in db.session.scalars(select(User))}
    events = db.session.scalars(select(Event).order_by(Event.id))
    happened = {event.id: _happened(event, tickets.get(event.ticket_id), names) for event in events}
    read = {(row.user_id, row.ticket_id): row.event_id for row in db.session.scalars(select(tables.Reading))}
    del rows
    return Facts(clock.now(), people, happened, read)


def _person(user: User) -> Person:
    row = db.session.get(MailChoices, user.id)
    chosen = {**NONE_CHOSEN, "all_new": user.role == "admin"}
    chosen = {name: getattr(row, name) if row else default for name, default in chosen.items()}
    confirmed = user.confirmed_at is not None
    return Person(user.id, user.role in ("agent", "admin"), user.active, confirmed, user.time_zone, chosen)


def _ticket(ticket: tables.Ticket) -> Ticket:
    watchers = frozenset(db.session.scalars(select(Watcher.user_id).where(Watcher.ticket_id == ticket.id)))
    came = db.session.scalar(select(IncomingMail).where(IncomingMail.ticket_id == ticket.id))
    return Ticket(
        ticket.id,
        ticket.requester_id,
        ticket.assignee_id,
        ticket.status.value,
        ticket.deleted_at is not None,
        watchers,
        came is not None and (came.automatic or came.dmarc == "fail"),
        came is not None,
    )


def _happened(event: Event, ticket: Ticket | None, names: dict[str, int]) -> Happened:
    comment = event.comment
    called = BODIES.get(comment.body, ()) if comment else ()
    given = event.changes.get("assignee", (None, None))[1]
    has_it = event.ticket.assignee.name if event.ticket and event.ticket.assignee else None
    return Happened(
        event.id,
        event.at,
        event.name.value,
        event.actor_id,
        ticket,
        bool(comment and comment.internal),
        frozenset(names[name] for name in called),
        comment and comment.author_id,
        event.user_id,
        frozenset(event.changes),
        given is not None and given == has_it,
    )
