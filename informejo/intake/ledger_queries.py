"""Reading the ledger: every mail that came in, with what became of it and why."""

from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload
from werkzeug.exceptions import NotFound

from informejo import db, policy, slow_reads
from informejo.accounts.models import User
from informejo.accounts.queries import user_by_email
from informejo.addresses import one_spelling
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.intake.matching_queries import is_public
from informejo.mail.models import IncomingMail
from informejo.mail.quoting_queries import sees_all_quoted
from informejo.mail.words import InState
from informejo.mime import guards
from informejo.mime.parsing import Parsed
from informejo.paging import nearest_page
from informejo.tickets.models import Comment, Ticket

PAGE = 50  # mails on one page of the list
CAME_IN = 50  # mails for one ticket that its page lists
SEARCHED = 200  # characters of a search that are looked at
WITH_ALL = joinedload(IncomingMail.person), joinedload(IncomingMail.ticket)


class Listed(NamedTuple):
    """One page of the ledger: its mails, the newest first, its number from 1, and whether there is another after it."""

    mails: list[IncomingMail]
    number: int
    more: bool


def ledger_for(actor: User, state: InState | None = None, sender: str = "", page: int | None = None) -> Listed:
    """The mails in that state, or all, whose sender's address begins so."""
    policy.require(actor, "mail.see")
    mails = visible_mails(actor)
    if state:
        mails = mails.where(IncomingMail.state == state)
    if sender:
        mails = mails.where(IncomingMail.sender.startswith(one_spelling(sender[:SEARCHED]), autoescape=True))
    ((total,),) = slow_reads.rows(mails.with_only_columns(func.count(IncomingMail.id)))
    number = nearest_page(page, total, PAGE)
    rows = mails.order_by(IncomingMail.id.desc()).limit(PAGE).offset((number - 1) * PAGE).options(*WITH_ALL)
    return Listed(list(db.session.scalars(rows)), number, total > number * PAGE)


def tally(actor: User) -> dict[InState, int]:
    """How many mails there are in each state; those without any are left out."""
    policy.require(actor, "mail.see")
    counted = visible_mails(actor).with_only_columns(IncomingMail.state, func.count()).group_by(IncomingMail.state)
    return {InState(state): number for state, number in slow_reads.rows(counted)}


def find_mail(actor: User, id: int) -> IncomingMail:
    """The mail with that id, for those who may see the ledger. Raises NotFound."""
    mail = _first(visible_mails(actor).where(IncomingMail.id == id)) if policy.may(actor, "mail.see") else None
    if mail is None:
        raise NotFound(policy.NOTHING)
    return mail


def mails_of(actor: User, ticket: Ticket) -> list[IncomingMail]:
    """The mails that brought something to that ticket, or tell of one about it, the newest first."""
    mails = visible_mails(actor).where(IncomingMail.ticket_id == ticket.id).order_by(IncomingMail.id.desc())
    return list(db.session.scalars(mails.limit(CAME_IN)))


def visible_mails(actor: User) -> Select:
    """The mails of the ledger of which the staff may know: those of a ticket they see, and those of none.

    One that was moved is as secret as where it came from: its message went by somebody's leave, what it quotes did not.
    """
    if policy.sees_everything(actor):
        return select(IncomingMail)
    places = IncomingMail.ticket_id, IncomingMail.moved_from_id
    quoted = sees_all_quoted(actor, IncomingMail)
    return select(IncomingMail).where(*(policy.knows(actor, place) for place in places), quoted)


def moved_from(actor: User, mail: IncomingMail) -> Ticket | None:
    """The ticket from which it was moved to where it is, if the actor may see that one, and it is not gone for good."""
    before = mail.moved_from
    return before if before and before.title and policy.may(actor, "ticket.see", before) else None


def opened_by(mail: IncomingMail, ticket: Ticket | None) -> bool:
    """Whether this mail opened that ticket."""
    return ticket is not None and ticket.key == mail.key


def is_internal(mail: IncomingMail, parsed: Parsed, to: Ticket | None) -> bool:
    """Whether it is a note on that ticket: it is one where it is now, or nobody but the staff may read it."""
    if to is None:
        return False
    if mail.comment and mail.comment.internal:
        return True
    person = sender_of(mail, parsed)
    if person is None or not person.is_staff or person == to.requester:
        return False
    return mail.dmarc == "fail" or guards.says_so_itself(parsed) or not is_public(parsed, person)


def sender_of(mail: IncomingMail, parsed: Parsed) -> User | None:
    """Who wrote it; None for an address that nobody has."""
    return mail.person or user_by_email(parsed.sender)


def was_answered(ticket: Ticket) -> bool:
    """Whether anybody wrote on the ticket since it was opened, be it a note."""
    return db.session.scalar(select(Comment.id).where(Comment.ticket_id == ticket.id).limit(1)) is not None


def was_closed_again(ticket: Ticket) -> bool:
    """Whether the message that was taken out of it last had opened it again, so that it is over as it was before."""
    removed = select(Event).where(Event.ticket_id == ticket.id, Event.name == EventName.COMMENT_REMOVED)
    last = db.session.scalar(removed.order_by(Event.id.desc()).limit(1))
    return last is not None and "status" in last.changes


def _first(statement: Select) -> IncomingMail | None:
    try:
        return db.session.scalar(statement.options(*WITH_ALL, joinedload(IncomingMail.moved_from)))
    except OverflowError:  # a number in the address that no row can have
        return None
