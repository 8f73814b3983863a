"""All that the desk keeps of one person, as they may see it themselves: no internal note, and nobody else's address."""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import joinedload

from informejo import db, policy, turns
from informejo.accounts import sign_ins
from informejo.accounts.models import User
from informejo.mail import choices
from informejo.tickets.files import is_lost, path_of
from informejo.tickets.models import Attachment, Comment, Ticket

AT_ONCE = 200  # things that are read before others get a turn
Carried = Mapping[int | None, list[str]]  # the names of files, by the message that they came with


class OwnData(NamedTuple):
    """`words` as plain values, and the files: the name each gets, and where it lies."""

    words: dict
    files: list[tuple[str, Path]]


def own_data(actor: User) -> OwnData:
    """What the actor gets when they ask what is kept of them."""
    files = {file: f"files/{file.id}-{file.name}" for file in _files(actor)}
    carried = defaultdict(list)
    for file, name in files.items():
        carried[file.comment_id].append(name)
    words = {
        "profile": _profile(actor),
        "mail": {field: str(value) for field, value in choices.of(actor)._asdict().items()},
        "sign-ins": [_sign_in(session) for session in sign_ins.sessions_of(actor)],
        "tickets": _tickets(actor, carried),
        "messages on other tickets": [_message(comment, carried) for comment in _said_elsewhere(actor)],
        "files": [_file(file, name) for file, name in files.items()],
    }
    return OwnData(words, [(name, path_of(file)) for file, name in files.items() if not (file.hold or is_lost(file))])


def _profile(actor: User) -> dict:
    shown = {field: getattr(actor, field) for field in ("name", "email", "department", "time_zone", "theme")}
    times = {"since": _at(actor.created_at), "address confirmed": _at(actor.confirmed_at)}
    return shown | {"role": actor.role.word} | times


def _sign_in(session) -> dict:
    return {"browser": session.agent, "since": _at(session.created_at), "last used": _at(session.seen_at)}


def _tickets(actor: User, carried: Carried) -> list[dict]:
    own = policy.visible_tickets(actor).where(Ticket.requester_id == actor.id).order_by(Ticket.id)
    conversations = defaultdict(list)
    comments = policy.visible_comments(actor).join(Ticket, Ticket.id == Comment.ticket_id)
    comments = comments.where(Ticket.requester_id == actor.id, Comment.internal.is_(False)).order_by(Comment.id)
    for comment in _some_at_a_time(comments.options(joinedload(Comment.author))):
        conversations[comment.ticket_id].append(_message(comment, carried))
    return [_ticket(ticket, conversations[ticket.id]) for ticket in _some_at_a_time(own)]


def _ticket(ticket: Ticket, messages: list[dict]) -> dict:
    told = {"number": ticket.number, "title": ticket.title, "description": ticket.description}
    words = {"status": ticket.status.word, "priority": ticket.priority.word, "category": ticket.category.word}
    return told | words | {"opened": _at(ticket.created_at), "messages": messages}


def _message(comment: Comment, carried: Carried) -> dict:
    said = {"ticket": comment.ticket_id, "by": comment.author.name, "at": _at(comment.created_at)}
    return said | {"text": comment.body, "files": carried[comment.id]}


def _said_elsewhere(actor: User) -> Iterator[Comment]:
    said = policy.visible_comments(actor).join(Ticket, Ticket.id == Comment.ticket_id)
    elsewhere = Comment.author_id == actor.id, Comment.internal.is_(False), Ticket.requester_id != actor.id
    return _some_at_a_time(said.where(*elsewhere).order_by(Comment.id).options(joinedload(Comment.author)))


def _files(actor: User) -> Iterator[Attachment]:
    """Those on their own tickets, and what they attached elsewhere."""
    internal = select(Comment.id).where(Comment.internal)
    found = policy.visible_attachments(actor).join(Ticket, Ticket.id == Attachment.ticket_id)
    mine = or_(Ticket.requester_id == actor.id, Attachment.uploader_id == actor.id)
    public = or_(Attachment.comment_id.is_(None), Attachment.comment_id.not_in(internal))
    return _some_at_a_time(found.where(mine, public).order_by(Attachment.id))


def _some_at_a_time(things: Select) -> Iterator:
    """Some have tickets by the ten thousand, and whoever asks for a copy of them must not stop all others."""
    return turns.in_turns(db.session.scalars(things.execution_options(yield_per=AT_ONCE)), AT_ONCE)


def _file(file: Attachment, name: str) -> dict:
    return {"name": name, "ticket": file.ticket_id, "bytes": file.size, "lost": is_lost(file), "held": file.hold or ""}


def _at(moment: datetime | None) -> str:
    return moment.isoformat(timespec="seconds") if moment else ""
