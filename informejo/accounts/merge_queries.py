"""What hangs on one account, for whoever is about to merge it into another."""

from typing import NamedTuple

from sqlalchemy import ScalarSelect, func, select
from sqlalchemy.orm import aliased

from informejo import db, slow_reads
from informejo.accounts.models import User
from informejo.mail.models import Watcher
from informejo.policy import knows
from informejo.sso.models import Identity
from informejo.teams.models import TeamMember
from informejo.tickets.models import Attachment, Comment, NamedPerson, Ticket

_OWN = aliased(Ticket)  # not the one by which the law looks
HANGS = {  # in words, for one and for several; what counts it, and the ticket that one has to see for that, if any
    ("ticket asked for", "tickets asked for"): (_OWN.requester_id, _OWN.id),
    ("ticket assigned", "tickets assigned"): (_OWN.assignee_id, _OWN.id),
    ("message", "messages"): (Comment.author_id, Comment.ticket_id),
    ("file", "files"): (Attachment.uploader_id, Attachment.ticket_id),
    ("ticket watched", "tickets watched"): (Watcher.user_id, Watcher.ticket_id),
    ("confidential ticket that names them", "confidential tickets that name them"): (
        NamedPerson.user_id,
        NamedPerson.ticket_id,
    ),
    ("team", "teams"): (TeamMember.user_id, None),
    ("account of single sign-on", "accounts of single sign-on"): (Identity.user_id, None),
}


class Hanging(NamedTuple):
    """How many of something hang on an account."""

    number: int
    what: str


def hanging_on(actor: User, user: User) -> list[Hanging]:
    """All that hangs on this account and there is some of, as far as the actor may know of it."""
    (numbers,) = slow_reads.rows(select(*(_count(actor, user, *columns) for columns in HANGS.values())))
    words = (one if number == 1 else many for number, (one, many) in zip(numbers, HANGS, strict=True))
    return [Hanging(number, word) for number, word in zip(numbers, words, strict=True) if number]


def _count(actor: User, user: User, column, ticket) -> ScalarSelect:
    count = select(func.count()).where(column == user.id)
    return (count if ticket is None else count.where(knows(actor, ticket))).scalar_subquery()


def what_stands_against(user: User, into: User) -> str:
    """Why these two cannot be merged, as a sentence; empty where nothing does."""
    if user.id == into.id:
        return "This is the same account."
    if user.is_gone:
        return f"{user.name} was merged or erased already."
    if into.is_gone or not into.active:
        return f"{into.name} is no account that somebody uses. Choose one that is active."
    return ""


def merged_into(user: User) -> list[User]:
    """The accounts that were merged into this one."""
    return list(db.session.scalars(select(User).where(User.merged_into_id == user.id).order_by(User.id)))
