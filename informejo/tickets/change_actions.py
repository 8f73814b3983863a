"""Changes of what a ticket says of itself: fields, texts, the bin. Nobody is overwritten without being asked."""

from collections.abc import Collection

from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.models import User
from informejo.drafts.actions import forget_draft
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.policy import hold, require
from informejo.teams.models import Team
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.sight_queries import is_seen_at_the_desk, named_on
from informejo.tickets.words import UNSOLVED, Category, Priority, Status

REQUESTERS_CHOICES = (Status.RESOLVED, Status.CLOSED, Status.OPEN)  # what a requester may say of their own ticket
NOT_AT_THE_DESK = "Only an active member of the staff can be given a ticket."
UNSEEN = "Nobody of the staff would see this confidential ticket any more. Name somebody who shall see it first."
ANY = object()  # "whatever it was": the caller does not know or does not mind what a field held before


class Conflict(Exception):
    """The same was changed since the form was drawn. `both` maps each such field to (yours, theirs)."""

    def __init__(self, both: dict[str, tuple], who: User | None = None, settled: dict[str, str] | None = None):
        super().__init__(*both)
        self.both, self.who = both, who
        self.settled = settled or {}  # the other fields of that form, each as the only one who changed it left it


def set_status(actor: User, ticket: Ticket, status: Status, was: Status | object = ANY):
    """Staff set any status; the requester says that it is solved, or open again. Raises Conflict."""
    hold(actor, "ticket.settle", ticket)
    if not actor.is_staff and status not in REQUESTERS_CHOICES:
        require(actor, "ticket.triage", ticket)
    _change(actor, ticket, "status", status, was)


def set_priority(actor: User, ticket: Ticket, priority: Priority, was: Priority | object = ANY):
    """Say how urgent it is. Raises Conflict."""
    hold(actor, "ticket.triage", ticket)
    _change(actor, ticket, "priority", priority, was)


def set_category(actor: User, ticket: Ticket, category: Category, was: Category | object = ANY):
    """Say what it is about. Raises Conflict."""
    hold(actor, "ticket.triage", ticket)
    _change(actor, ticket, "category", category, was)


def assign(actor: User, ticket: Ticket, assignee: User | None, was: str | object = ANY):
    """Give the ticket to an active member of the staff, or to nobody. `was` is the id it showed, as text.

    Raises Conflict, UnprocessableEntity.
    """
    require(actor, "ticket.triage", ticket)
    if assignee is not None:
        db.lock(assignee)  # people before tickets, here and in `batch_actions`, or the two could wait for each other
    hold(actor, "ticket.triage", ticket)
    if assignee != ticket.assignee:  # whoever has it already may keep it, at the desk or not
        require_at_the_desk(assignee)
        require_seen(ticket, assignee)
    _change(actor, ticket, "assignee", assignee, was)


def set_team(actor: User, ticket: Ticket, team: Team | None, was: str | object = ANY):
    """Give the ticket to a team, or to none. Which one is nothing its requester hears of. Raises Conflict."""
    require(actor, "ticket.triage", ticket)
    if team is not None:
        db.lock(team)  # teams before tickets, as where one is deleted: it may be no more since it was chosen
    hold(actor, "ticket.triage", ticket)
    _change(actor, ticket, "team", team, was, Audience.STAFF)


def require_seen(ticket: Ticket, assignee: User | None, named: Collection[User] | None = None):
    """Raise UnprocessableEntity where nobody at the desk would see a confidential ticket: nobody would find it again.

    It would be assigned to `assignee` and name these people, by default whom it names now.
    """
    if ticket.confidential and not is_seen_at_the_desk(ticket, assignee, named_on(ticket) if named is None else named):
        raise UnprocessableEntity(UNSEEN)


def edit_ticket(actor: User, ticket: Ticket, *, title: str, description: str, version: int):
    """The author puts title or description right. `version` is the one the form was drawn from. Raises Conflict."""
    hold(actor, "ticket.edit", ticket)
    if changes := _edit(actor, ticket, {"title": title, "description": description}, version):
        log.record(EventName.TICKET_UPDATED, actor, ticket=ticket, audience=Audience.REQUESTER, changes=changes)
    forget_draft(actor, f"ticket:{ticket.id}:edit", "")


def edit_comment(actor: User, comment: Comment, *, body: str, version: int):
    """The author puts a comment right; the log keeps what it said before. Raises Conflict."""
    hold(actor, "comment.edit", comment)
    if changes := _edit(actor, comment, {"body": body}, version):
        log.record(
            EventName.COMMENT_EDITED,
            actor,
            ticket=comment.ticket,
            comment=comment,
            audience=comment.audience,
            changes=changes,
        )
    forget_draft(actor, f"comment:{comment.id}", "")


def delete_ticket(actor: User, ticket: Ticket):
    """Put the ticket into the bin: from now on only administrators find it there."""
    hold(actor, "ticket.delete", ticket)
    if ticket.deleted_at is None:
        ticket.deleted_at = clock.now()
        log.record(EventName.TICKET_DELETED, actor, ticket=ticket, audience=Audience.REQUESTER)


def restore_ticket(actor: User, ticket: Ticket):
    """Take the ticket out of the bin."""
    hold(actor, "ticket.restore", ticket)
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        changes = set_fields(ticket, **_let_go(ticket, ticket.status))
        log.record(EventName.TICKET_RESTORED, actor, ticket=ticket, audience=Audience.REQUESTER, changes=changes)


def set_fields(thing: Ticket | Comment, **fields) -> dict:
    """Set the fields; return what the log says about it: field -> [old, new] as plain words."""
    if "status" in fields:
        fields |= _let_go(thing, fields["status"])
    changes = {field: [_plain(getattr(thing, field)), _plain(value)] for field, value in fields.items()}
    for field, value in fields.items():
        setattr(thing, field, value)
    if "status" in fields:
        _follow_status(thing)
    return changes


def require_at_the_desk(person: User | None):
    """Raise UnprocessableEntity for somebody who can be given no ticket."""
    if person is not None and not person.is_at_the_desk:
        raise UnprocessableEntity(NOT_AT_THE_DESK)


def told(value) -> str:
    """A value as a form carries it: for a person or a team the id, for none nothing."""
    return str(value.id) if isinstance(value, User | Team) else value or ""


def _change(actor: User, ticket: Ticket, field: str, value, was, audience: Audience = Audience.REQUESTER):
    current = getattr(ticket, field)
    if current == value:
        return
    if was is not ANY and told(current) != was:
        raise Conflict({field: (value, current)}, log.last_to_change(ticket, field))
    had_it = current if field == "assignee" and not ticket.is_for_all_staff else None  # they may lose sight of it
    changes = set_fields(ticket, **{field: value})
    log.record(EventName.TICKET_UPDATED, actor, ticket=ticket, audience=audience, changes=changes, user=had_it)


def _edit(actor: User, thing: Ticket | Comment, texts: dict[str, str], version: int) -> dict:
    now = {field: getattr(thing, field) for field in texts}
    drawn = log.as_it_was(thing, texts, thing.version - version) or {}  # what the form showed before it was filled in
    changed = {field: text for field, text in texts.items() if text not in (now[field], drawn.get(field))}
    both = {field: (text, now[field]) for field, text in changed.items() if drawn.get(field) != now[field]}
    if both:
        settled = {field: changed.get(field, now[field]) for field in texts if field not in both}
        raise Conflict(both, actor, settled)  # nobody else may edit it: they did, in another window
    if changed:
        thing.version, thing.edited_at = thing.version + 1, clock.now()
    return set_fields(thing, **changed)


def _let_go(ticket: Ticket, status: Status) -> dict:
    """What else changes when the ticket has to be worked on: nobody keeps it who left the desk while it was over."""
    if ticket.assignee is None or status not in UNSOLVED:
        return {}
    db.session.refresh(ticket.assignee)
    return {} if ticket.assignee.is_at_the_desk else {"assignee": None}


def _follow_status(ticket: Ticket):
    if not ticket.is_over:
        ticket.resolved_at = None
    elif ticket.resolved_at is None:
        ticket.resolved_at = clock.now()


def _plain(value) -> str | None:
    return value.name if isinstance(value, User | Team) else value
