"""What makes a ticket confidential, and whom it names: those of the staff who see it beside requester and assignee."""

from collections.abc import Collection

from sqlalchemy import delete
from werkzeug.exceptions import UnprocessableEntity

from informejo import db
from informejo.accounts.models import User
from informejo.accounts.queries import an_administrator
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.policy import hold, require, staff_meant
from informejo.teams.models import Team
from informejo.tickets.batch_queries import entrusted_by
from informejo.tickets.change_actions import require_seen, set_fields
from informejo.tickets.models import NamedPerson, Ticket
from informejo.tickets.sight_queries import is_seen_at_the_desk, left_alone_by, named_on

NOT_AT_THE_DESK = "Only an active member of the staff can be named."
NOT_CONFIDENTIAL = "This ticket is not confidential any more, so it names nobody."


def set_confidential(actor: User, ticket: Ticket, confidential: bool):
    """Have the ticket seen by requester, assignee and those it names alone, or by the staff as any other again.

    Whoever makes it confidential and has nothing to do with it is named, or they would lock themselves out. Its
    requester may know that it is confidential, and not whom it names.
    """
    hold(actor, "ticket.confide", ticket)
    if ticket.confidential == confidential:
        return
    if not confidential:
        _set_named(actor, ticket, [])
    changes = set_fields(ticket, confidential=confidential)
    log.record(EventName.TICKET_UPDATED, actor, ticket=ticket, audience=Audience.REQUESTER, changes=changes)
    if confidential and actor.id not in (ticket.requester_id, ticket.assignee_id):
        _set_named(actor, ticket, [actor])


def name_person(actor: User, ticket: Ticket, user: User):
    """Have somebody of the staff see a confidential ticket. Raises UnprocessableEntity."""
    require(actor, "ticket.confide", ticket)
    db.lock(user)  # people before tickets, as everywhere
    hold(actor, "ticket.confide", ticket)
    if not ticket.confidential:
        raise UnprocessableEntity(NOT_CONFIDENTIAL)
    if not user.is_at_the_desk:
        raise UnprocessableEntity(NOT_AT_THE_DESK)
    _set_named(actor, ticket, [*named_on(ticket), user])


def unname_person(actor: User, ticket: Ticket, user: User):
    """Have them see it no more, unless it is their own. Raises UnprocessableEntity where they are the last who do."""
    hold(actor, "ticket.confide", ticket)
    others = [person for person in named_on(ticket) if person is not user]
    require_seen(ticket, ticket.assignee, others)
    _set_named(actor, ticket, others)


def entrust(
    actor: User | None,
    user: User,
    to: User | Team | None,
    but: Collection[Ticket] = (),
    batch: Event | None = None,
):
    """Somebody has left the desk: no confidential ticket stays without anybody there who sees it.

    Those that they were the last to see name the person who gets their tickets, or whoever shut them out; all `but`
    those that are about to be given to that person.
    """
    to = to if isinstance(to, User) else None
    heir = next((one for one in (to, actor) if one and one is not user and one.is_at_the_desk), None)
    for ticket in [ticket for ticket in left_alone_by(user) if ticket not in but]:
        db.lock(ticket)
        _set_named(actor, ticket, [*named_on(ticket), heir or an_administrator()], batch)


def entrust_no_more(actor: User, batch: Event):
    """Whoever left with that batch is back, so its tickets name whom they named before, if somebody at the desk sees
    them then."""
    for event in entrusted_by(batch):
        ticket = event.ticket
        db.lock(ticket)
        (before, after), named = event.changes["named"], named_on(ticket)
        came = staff_meant(event, {*after} - {*before}, among=[person.id for person in named])
        went = staff_meant(event, {*before} - {*after})
        people = [person for person in named if person.id not in came]
        people += [db.session.get(User, id) for id in went]
        if is_seen_at_the_desk(ticket, ticket.assignee, people):
            _set_named(actor, ticket, people)


def keep_named(ticket: Ticket, people: Collection[User | None]):
    """Have the ticket name these, as far as they are of the staff; without a word, for one that is just being made."""
    db.session.flush()
    ids = {person.id for person in people if person and person.is_staff}
    db.session.execute(delete(NamedPerson).where(NamedPerson.ticket_id == ticket.id))
    db.session.add_all(NamedPerson(ticket_id=ticket.id, user_id=id) for id in sorted(ids))
    db.session.flush()


def _set_named(actor: User | None, ticket: Ticket, people: list[User], batch: Event | None = None):
    """The log keeps whom it named before and names now, for the staff alone."""
    before = named_on(ticket)
    keep_named(ticket, people)
    if (after := named_on(ticket)) != before:
        changes = {"named": [[person.name for person in named] for named in (before, after)]}
        went = next((person for person in before if person not in after), None)
        who = {"ticket": ticket, "user": went}
        log.record(EventName.TICKET_UPDATED, actor, **who, audience=Audience.STAFF, changes=changes, batch=batch)
