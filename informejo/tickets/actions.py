"""Opening tickets, talking in them, reading them. Each action requires, changes rows and records; the door commits."""

from collections.abc import Sequence
from contextlib import suppress

from werkzeug.exceptions import NotFound

from informejo import clock, db, limits
from informejo.accounts.models import User
from informejo.drafts.actions import forget_sent
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.policy import audience, find_ticket, hold, require
from informejo.teams.queries import team_for
from informejo.tickets.change_actions import set_fields
from informejo.tickets.confiding_actions import keep_named
from informejo.tickets.files import Kept, are_there
from informejo.tickets.models import Attachment, Comment, Reading, Ticket
from informejo.tickets.queries import last_answer, sent_before
from informejo.tickets.sight_queries import named_on
from informejo.tickets.words import Category, Priority, Status


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
    continues: str = "",
    draft: str = "new-ticket",
    unverified: bool = False,
    like: Ticket | None = None,
) -> Ticket:
    """Open a ticket for `requester` (by default the actor). The same `key` again returns the first ticket.

    `draft` is the form it was written in, and `continues` the key of the draft that form began with. `unverified` says
    that nobody has shown yet to be the actor. It may quote the ticket that it is `like`, so no others of the staff
    see it.
    """
    require(actor, "ticket.open")
    if requester is not None and requester is not actor:
        require(actor, "ticket.open_for")
    db.lock(actor)
    requester = requester or actor
    earlier = sent_before(actor, key).ticket
    said = {"title": title, "description": description, "category": category, "priority": priority}
    if _is_again(earlier, files, requester=requester, **said):
        return earlier
    ticket = Ticket(
        **said,
        requester=requester,
        opened_by=actor,
        follows=follows and _still_found(actor, follows),
        key=None if earlier else key,
        unverified=unverified,
    )
    db.session.add(ticket)
    _place(ticket, like)
    log.record(EventName.TICKET_CREATED, actor, ticket=ticket, audience=Audience.REQUESTER)
    _attach(actor, ticket, None, files)
    forget_sent(actor, draft, (title, description), key, continues)
    return ticket


def reply(
    actor: User,
    ticket: Ticket,
    *,
    body: str,
    internal: bool = False,
    files: Sequence[Kept] = (),
    key: str | None = None,
    continues: str = "",
) -> Comment | Ticket:
    """Say it where it belongs: on the ticket, or for its requester, once it is closed, in a new one that follows it.

    Which of the two is decided with the row locked: it may have been closed, or opened again, since it was found.
    """
    hold(actor, "ticket.note" if internal else "ticket.comment", ticket)
    said = {"body": body, "files": files, "key": key, "continues": continues}
    sent = sent_before(actor, key)
    # Sent again after the ticket was closed, what is a comment already opens nothing.
    is_comment = _is_again(sent.comment, files, ticket=ticket, body=body)
    if _is_again(sent.ticket, files, follows=ticket, description=body):
        return sent.ticket
    if ticket.status == Status.CLOSED and not actor.is_staff and not is_comment:
        return follow_up(actor, ticket, **said)
    return _add_comment(actor, ticket, sent.comment, internal=internal, **said)


def follow_up(
    actor: User,
    closed: Ticket,
    *,
    body: str,
    files: Sequence[Kept] = (),
    key: str | None = None,
    continues: str = "",
) -> Ticket:
    """What a requester writes on a closed ticket opens a new one that links back to it."""
    hold(actor, "ticket.comment", closed)
    title = f"Again: {closed.title}"[: limits.TITLE.most]
    return open_ticket(
        actor,
        title=title,
        description=body,
        category=closed.category,
        files=files,
        follows=closed,
        key=key,
        continues=continues,
        draft=f"ticket:{closed.id}",
    )


def add_comment(
    actor: User,
    ticket: Ticket,
    *,
    body: str,
    internal: bool = False,
    files: Sequence[Kept] = (),
    key: str | None = None,
    continues: str = "",
    reopens: bool = True,
) -> Comment:
    """Add a reply, or with `internal` a note for the staff. The same `key` again returns the first comment.

    `continues` is the key of the draft that its form began with.
    A requester's reply to a waiting or resolved ticket opens it again, but for one of a machine: it `reopens` nothing.
    """
    hold(actor, "ticket.note" if internal else "ticket.comment", ticket)
    said = {"body": body, "files": files, "key": key, "continues": continues, "reopens": reopens}
    return _add_comment(actor, ticket, sent_before(actor, key).comment, internal=internal, **said)


def add_comment_of(
    actor: User,
    author: User,
    ticket: Ticket,
    *,
    body: str,
    internal: bool = False,
    files: Sequence[Kept] = (),
    key: str | None = None,
    reopens: bool = True,
) -> Comment:
    """Add what somebody said elsewhere: the actor, of the staff, says that it belongs here, whoever may write here.

    The same `key` again returns the first comment.
    """
    hold(actor, "mail.settle", ticket)
    said = {"body": body, "internal": internal, "files": files, "key": key, "continues": "", "reopens": reopens}
    return _add_comment(author, ticket, sent_before(author, key).comment, **said)


def _add_comment(
    actor: User,
    ticket: Ticket,
    earlier: Comment | None,
    *,
    body: str,
    internal: bool,
    files: Sequence[Kept],
    key: str | None,
    continues: str,
    reopens: bool = True,
) -> Comment:
    if _is_again(earlier, files, ticket=ticket, body=body, internal=internal):
        return earlier
    said = {"body": body, "internal": internal, "key": None if earlier else key}
    # None and [] are set because they are read below: what `insert` is not told would be asked of the database.
    comment = Comment(ticket_id=ticket.id, author_id=actor.id, edited_at=None, attachments=[], **said)
    db.insert(comment)
    changes = _reopen(ticket) if reopens and ticket.requester_id == actor.id and not internal else {}
    log.record(
        EventName.COMMENT_ADDED, actor, ticket=ticket, comment=comment, audience=comment.audience, changes=changes
    )
    _attach(actor, ticket, comment, files)
    forget_sent(actor, f"ticket:{ticket.id}", (body,), key, continues)
    return comment


def mark_seen(actor: User, ticket: Ticket, event_id: int):
    """Remember that the actor has read the ticket up to that event; never backwards."""
    hold(actor, "ticket.see", ticket)
    event_id = min(event_id, ticket.last_event_id_for(audience(actor)))
    db.lock(actor)
    reading = db.session.get(Reading, (actor.id, ticket.id))
    if reading is None:
        db.session.add(Reading(user_id=actor.id, ticket_id=ticket.id, event_id=event_id))
    elif reading.event_id < event_id:
        if reading.event_id < last_answer(ticket) <= event_id:
            reading.at = clock.now()  # pages say when the last answer was read, not when they were looked at again
        reading.event_id = event_id
    db.notice(f"ticket:{ticket.id}")
    db.notice(f"user:{actor.id}")


def _still_found(actor: User, ticket: Ticket) -> Ticket | None:
    with suppress(NotFound):  # it went into the bin, or for good, while the files of the new one arrived
        return find_ticket(actor, ticket.id)
    return None


def _place(ticket: Ticket, like: Ticket | None):
    """Whose it is at the desk: what follows another one, or is like one, goes where that went, as confidential."""
    before = ticket.follows or like
    ticket.team_id = before.team_id if before else team_for(ticket.category)
    if before and before.confidential:
        ticket.confidential = True
        keep_named(ticket, {before.assignee, ticket.opened_by, like and like.requester, *named_on(before)})


def _is_again(earlier: Ticket | Comment | None, files: Sequence[Kept], **said) -> bool:
    """Whether all of it was said then, whatever has become of it since.

    Other words, another urgency, or one file more are no repetition, and must not be lost.
    """
    return earlier is not None and log.as_it_was(earlier, said) == said and are_there(files, earlier.attachments)


def _reopen(ticket: Ticket) -> dict:
    if ticket.status not in (Status.WAITING, Status.RESOLVED):
        return {}
    return set_fields(ticket, status=Status.OPEN)


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
