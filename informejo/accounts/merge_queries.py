"""What hangs on one account, for whoever is about to merge it into another."""

from typing import NamedTuple

from sqlalchemy import func, select

from informejo import db, slow_reads
from informejo.accounts.models import User
from informejo.mail.models import Watcher
from informejo.sso.models import Identity
from informejo.teams.models import TeamMember
from informejo.tickets.models import Attachment, Comment, NamedPerson, Ticket

HANGS = {  # in words, for one and for several, and what counts it
    ("ticket asked for", "tickets asked for"): Ticket.requester_id,
    ("ticket assigned", "tickets assigned"): Ticket.assignee_id,
    ("message", "messages"): Comment.author_id,
    ("file", "files"): Attachment.uploader_id,
    ("ticket watched", "tickets watched"): Watcher.user_id,
    ("confidential ticket that names them", "confidential tickets that name them"): NamedPerson.user_id,
    ("team", "teams"): TeamMember.user_id,
    ("account of single sign-on", "accounts of single sign-on"): Identity.user_id,
}


class Hanging(NamedTuple):
    """How many of something hang on an account."""

    number: int
    what: str


def hanging_on(user: User) -> list[Hanging]:
    """All that hangs on this account and there is some of."""
    counts = (select(func.count()).where(column == user.id).scalar_subquery() for column in HANGS.values())
    (numbers,) = slow_reads.rows(select(*counts))
    words = (one if number == 1 else many for number, (one, many) in zip(numbers, HANGS, strict=True))
    return [Hanging(number, word) for number, word in zip(numbers, words, strict=True) if number]


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
