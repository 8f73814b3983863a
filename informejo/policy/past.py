"""What an event changed of who sees its ticket: who may have lost sight of it, and who had it before."""

from sqlalchemy import ColumnElement, Select, or_, select

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.events.names import BESIDE, EventName
from informejo.policy.meant import staff_meant, team_meant
from informejo.policy.party import AsItWas
from informejo.policy.sight import in_sight, named_on
from informejo.tickets.models import NamedPerson, Ticket

# What can happen to a ticket without anybody losing sight of it. Whatever is not named here is asked about, so that
# a field that comes later and decides who sees a ticket takes it from open pages from its first day on.
_HARMLESS = {
    EventName.TICKET_CREATED,
    EventName.TICKET_UPDATED,
    EventName.COMMENT_ADDED,
    EventName.COMMENT_EDITED,
    EventName.ATTACHMENT_ADDED,
    EventName.ATTACHMENT_CHECKED,
    *BESIDE,
}
_HARMLESS_FIELDS = {"title", "description", "body", "status", "priority", "category", "unverified"}
# What an event says of who sees its ticket, as people read it: names. `Event.user` says who had it or was named before.
_PEOPLE = {"requester", "assignee"}
OF_SIGHT = ("requester", "assignee", "team", "confidential", "named")


def may_end_sight(event: Event) -> bool:
    """Whether somebody who saw the event's ticket before may no longer see it after it.

    Who loses a ticket with the work on it, loses sight of it where not all of the staff see it anyway.
    """
    if event.ticket_id is None:
        return False
    harmless = _HARMLESS_FIELDS | {"assignee"} if event.ticket.is_for_all_staff else _HARMLESS_FIELDS
    return not (event.name in _HARMLESS and event.changes.keys() <= harmless)


def as_it_was(event: Event) -> AsItWas:
    """The event's ticket as it was before it, as far as that decides who saw it: what changed since is taken back."""
    ticket = event.ticket
    named = frozenset(db.session.scalars(select(NamedPerson.user_id).where(NamedPerson.ticket_id == ticket.id)))
    its = ticket.id, ticket.requester_id, ticket.assignee_id, ticket.team_id, ticket.confidential
    was, since = AsItWas(*its, named), select(Event).where(Event.ticket_id == ticket.id, Event.id >= event.id)
    for change in db.session.scalars(since.where(_changes_sight()).order_by(Event.id.desc())):
        was = was._replace(**{name: value for field in change.changes for name, value in _before(change, field, was)})
    return was


def lost_events(actor: User) -> Select:
    """Events by which this member of the staff may have lost tickets that they do not see now.

    They may be told no more than the number, and that only if they saw the ticket before: see `as_it_was`.
    """
    seen = select(Ticket.id).where(Ticket.id == Event.ticket_id, *in_sight(actor))
    return select(Event).where(Event.ticket_id.is_not(None), ~seen.exists(), _changes_sight())


def changes_of_sight() -> Select:
    """Events that changed who sees their ticket, for what the pages of others say of it; they are told to nobody."""
    return select(Event).where(_changes_sight())


def concerned_by(event: Event) -> set[int]:
    """Whom the event's ticket concerns and, where that can have ended by it, whom it concerned before."""
    ticket = event.ticket
    people = {ticket.requester_id, ticket.assignee_id, event.user_id, *named_on(ticket)}
    if may_end_sight(event):
        before = as_it_was(event)
        people |= {before.requester_id, before.assignee_id, *before.named}
    return people - {None}


def _changes_sight() -> ColumnElement[bool]:
    return or_(*(Event.changes[field].as_string().is_not(None) for field in OF_SIGHT))


def _before(event: Event, field: str, was: AsItWas) -> list[tuple]:
    """What the event's change of that field replaced, as a part of AsItWas."""
    old, new = event.changes[field]
    if field == "confidential":
        return [(field, bool(old))]
    if field == "team":
        return [("team_id", _team(event, old) if old else None)]
    if field == "named":
        came, went = staff_meant(event, {*new} - {*old}, among=was.named), staff_meant(event, {*old} - {*new})
        return [(field, was.named - came | went)]
    if field not in _PEOPLE:
        return []
    return [(f"{field}_id", event.user_id or next(iter(staff_meant(event, {old} - {None})), None))]


def _team(event: Event, name: str) -> int:
    """The team that was called so; one in which nobody is where it is no more: its members were not all of us."""
    team = team_meant(event, name)
    return team.id if team else 0
