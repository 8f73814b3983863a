"""Everything that changes a ticket. Each action requires, changes rows and records; the door commits."""

from collections.abc import Sequence

from sqlalchemy import select

from informejo import clock, db as database, limits
from informejo.accounts.models import User
from informejo.db import db
from informejo.drafts.actions import forget_draft
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.policy import audience, require
from informejo.tickets.files import Kept
from informejo.tickets.models import Attachment, Comment, Reading, Ticket
from informejo.tickets.words import Category, Priority, Status

SETTLED = (Status.RESOLVED, Status.CLOSED, Status.OPEN)  # what a requester may say of their own ticket
ANY = object()  # "whatever it was": the caller does not know or does not mind what a field held before


class Conflict(Exception):
    """Somebody else changed the same field since the form was drawn."""

    def __init__(self, field: str, yours, theirs, who: User | None = None):
        super().__init__(field)
        self.field, self.yours, self.theirs, self.who = field, yours, theirs, who


def open_ticket(
    actor: User,
    *,
    title: str,
    description: str,
    category: Category = Category.OTHER,
    priority: Priority = Priority.MEDIUM,
    requester: User | None = None,
    files: Sequence[Kept] = (),
    follows: Ticket | None = None,
    key: str | None = None,
) -> Ticket:
    """Open a ticket for `requester` (by default the actor). The same `key` again returns the first ticket."""
    require(actor, "ticket.open")
    if requester is not None and requester is not actor:
        require(actor, "ticket.open_for")
    database.lock(actor)
    if earlier := _sent_before(Ticket, Ticket.opened_by_id, actor, key):
        return earlier
    ticket = Ticket(
        title=title,
        description=description,
        category=category,
        priority=priority,
        requester=requester or actor,
        opened_by=actor,
        follows=follows,
        key=key,
    )
    db.session.add(ticket)
    log.record(EventName.TICKET_CREATED, actor, ticket=ticket, audience=Audience.REQUESTER)
    _attach(actor, ticket, None, files)
    forget_draft(actor, "new-ticket")
    return ticket


def follow_up(actor: User, closed: Ticket, *, body: str, files: Sequence[Kept] = (), key: str | None = None) -> Ticket:
    """What a requester writes on a closed ticket opens a new one that links back to it."""
    require(actor, "ticket.comment", closed)
    forget_draft(actor, f"ticket:{closed.id}")
    title = f"Again: {closed.title}"[: limits.TITLE.most]
    return open_ticket(
        actor, title=title, description=body, category=closed.category, files=files, follows=closed, key=key
    )


def add_comment(
    actor: User,
    ticket: Ticket,
    *,
    body: str,
    internal: bool = False,
    files: Sequence[Kept] = (),
    key: str | None = None,
) -> Comment:
    """Add a reply, or with `internal` a note for the staff. The same `key` again returns the first comment.

    A requester's reply to a waiting or resolved ticket opens it again.
    """
    require(actor, "ticket.note" if internal else "ticket.comment", ticket)
    database.lock(ticket)
    if earlier := _sent_before(Comment, Comment.author_id, actor, key):
        return earlier
    comment = Comment(ticket=ticket, author=actor, body=body, internal=internal, key=key)
    db.session.add(comment)
    changes = _reopen(ticket) if ticket.requester_id == actor.id and not internal else {}
    log.record(
        EventName.COMMENT_ADDED, actor, ticket=ticket, comment=comment, audience=comment.audience, changes=changes
    )
    _attach(actor, ticket, comment, files)
    forget_draft(actor, f"ticket:{ticket.id}")
    return comment


def set_status(actor: User, ticket: Ticket, status: Status, was: Status | object = ANY):
    """Staff set any status; the requester says that it is solved, or open again. Raises Conflict."""
    require(actor, "ticket.settle", ticket)
    if not actor.is_staff and status not in SETTLED:
        require(actor, "ticket.triage", ticket)
    _change(actor, ticket, "status", status, was)


def set_priority(actor: User, ticket: Ticket, priority: Priority, was: Priority | object = ANY):
    """Raises Conflict."""
    require(actor, "ticket.triage", ticket)
    _change(actor, ticket, "priority", priority, was)


def set_category(actor: User, ticket: Ticket, category: Category, was: Category | object = ANY):
    """Raises Conflict."""
    require(actor, "ticket.triage", ticket)
    _change(actor, ticket, "category", category, was)


def assign(actor: User, ticket: Ticket, assignee: User | None, was: str | object = ANY):
    """Give the ticket to an active member of the staff, or to nobody. `was` is the id it showed, as text.

    Raises Conflict, ValueError.
    """
    require(actor, "ticket.triage", ticket)
    if assignee is not None and not (assignee.active and assignee.is_staff):
        raise ValueError("Only an active member of the staff can be given a ticket.")
    _change(actor, ticket, "assignee", assignee, was)


def edit_ticket(actor: User, ticket: Ticket, *, title: str, description: str, version: int):
    """The author puts title or description right. `version` is the one the form was drawn from. Raises Conflict."""
    require(actor, "ticket.edit", ticket)
    database.lock(ticket)
    if changes := _edit(ticket, {"title": title, "description": description}, version):
        log.record(EventName.TICKET_UPDATED, actor, ticket=ticket, audience=Audience.REQUESTER, changes=changes)
    forget_draft(actor, f"ticket:{ticket.id}:edit")


def edit_comment(actor: User, comment: Comment, *, body: str, version: int):
    """The author puts a comment right; the log keeps what it said before. Raises Conflict."""
    require(actor, "comment.edit", comment)
    database.lock(comment)
    if changes := _edit(comment, {"body": body}, version):
        log.record(
            EventName.COMMENT_EDITED,
            actor,
            ticket=comment.ticket,
            comment=comment,
            audience=comment.audience,
            changes=changes,
        )
    forget_draft(actor, f"comment:{comment.id}")


def delete_ticket(actor: User, ticket: Ticket):
    """Put the ticket into the bin: from now on only administrators find it there."""
    require(actor, "ticket.delete", ticket)
    database.lock(ticket)
    if ticket.deleted_at is None:
        ticket.deleted_at = clock.now()
        log.record(EventName.TICKET_DELETED, actor, ticket=ticket, audience=Audience.REQUESTER)


def restore_ticket(actor: User, ticket: Ticket):
    """Take the ticket out of the bin."""
    require(actor, "ticket.restore", ticket)
    database.lock(ticket)
    if ticket.deleted_at is not None:
        ticket.deleted_at = None
        log.record(EventName.TICKET_RESTORED, actor, ticket=ticket, audience=Audience.REQUESTER)


def mark_seen(actor: User, ticket: Ticket, event_id: int):
    """Remember that the actor has read the ticket up to that event; never backwards."""
    require(actor, "ticket.see", ticket)
    event_id = min(event_id, ticket.last_seen_event(audience(actor)).id)
    database.lock(actor)
    reading = db.session.get(Reading, (actor.id, ticket.id))
    if reading is None:
        db.session.add(Reading(user_id=actor.id, ticket_id=ticket.id, event_id=event_id))
    elif reading.event_id < event_id:
        reading.event_id, reading.at = event_id, clock.now()
    database.notice(f"ticket:{ticket.id}")
    database.notice(f"user:{actor.id}")


def _sent_before(model, author_column, actor: User, key: str | None):
    return key and db.session.scalar(select(model).where(author_column == actor.id, model.key == key))


def _reopen(ticket: Ticket) -> dict:
    if ticket.status not in (Status.WAITING, Status.RESOLVED):
        return {}
    return _changes(ticket, status=Status.OPEN)


def _change(actor: User, ticket: Ticket, field: str, value, was):
    database.lock(ticket)
    current = getattr(ticket, field)
    if current == value:
        return
    if was is not ANY and _told(current) != was:
        raise Conflict(field, yours=value, theirs=current, who=log.last_to_change(ticket, field))
    changes = _changes(ticket, **{field: value})
    log.record(EventName.TICKET_UPDATED, actor, ticket=ticket, audience=Audience.REQUESTER, changes=changes)


def _edit(thing: Ticket | Comment, texts: dict[str, str], version: int) -> dict:
    changed = {field: text for field, text in texts.items() if getattr(thing, field) != text}
    if changed and thing.version != version:
        field = next(iter(changed))
        raise Conflict(field, yours=changed[field], theirs=getattr(thing, field))
    if changed:
        thing.version, thing.edited_at = thing.version + 1, clock.now()
    return _changes(thing, **changed)


def _changes(thing: Ticket | Comment, **fields) -> dict:
    """Set the fields; return what the log says about it: field -> [old, new] as plain words."""
    changes = {field: [_plain(getattr(thing, field)), _plain(value)] for field, value in fields.items()}
    for field, value in fields.items():
        setattr(thing, field, value)
    if "status" in fields:
        _follow_status(thing)
    return changes


def _follow_status(ticket: Ticket):
    if not ticket.is_over:
        ticket.resolved_at = None
    elif ticket.resolved_at is None:
        ticket.resolved_at = clock.now()


def _told(value) -> str:
    """A value as a form carries it: for a person the id, for nobody nothing."""
    return str(value.id) if isinstance(value, User) else value or ""


def _plain(value) -> str | None:
    return value.name if isinstance(value, User) else value


def _attach(actor: User, ticket: Ticket, comment: Comment | None, files: Sequence[Kept]):
    for kept in files:
        attachment = Attachment(ticket=ticket, comment=comment, uploader=actor, **kept._asdict())
        db.session.add(attachment)
        log.record(
            EventName.ATTACHMENT_ADDED,
            actor,
            ticket=ticket,
            comment=comment,
            attachment=attachment,
            audience=comment.audience if comment else Audience.REQUESTER,
        )
