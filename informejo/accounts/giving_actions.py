"""Giving what hangs on one account to another: everything of it, or what never was its own."""

from sqlalchemy import ColumnElement, exists, select, update
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import InstrumentedAttribute

from informejo import db, turns
from informejo.accounts.actions import Taken, guest_who_wrote
from informejo.accounts.models import User
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.tickets.models import Attachment, Comment, Ticket

AT_ONCE = 500  # rows that go to another account before others get a turn


def give(column: InstrumentedAttribute, user: User, into: User, *which: ColumnElement[bool]):
    """Have `column` name the other account. A few at a time: some have asked for very many tickets."""
    id = column.class_.id
    some = select(id).where(column == user.id, *which).limit(AT_ONCE)
    while ids := db.session.scalars(some).all():
        db.session.execute(update(column.class_).where(id.in_(ids)).values({column.key: into.id}))
        turns.give_way()


def has_anothers(user: User) -> bool:
    """Whether something came from the address of this account that it is not shown: it may be another's address."""
    return user.is_unproven and db.session.scalar(select(exists().where(*_anothers(user))))


def leave_address(user: User, email: str):
    """Give the account another address. What it is not shown, and came from the one before, is left to a guest there.

    The account could be proven by the new address, or go on in one that is: then it would show what others mailed.
    Raises Taken.
    """
    before, leaves = user.email, has_anothers(user)
    try:
        with db.session.begin_nested():
            user.email = email
    except IntegrityError:  # somebody has it since a moment ago
        raise Taken from None
    if leaves:
        _leave(user, guest_who_wrote(before, ""))


def _leave(user: User, guest: User):
    give(Ticket.requester_id, user, guest, *_anothers(user))
    left = select(Ticket.id).where(Ticket.requester_id == guest.id)
    give(Ticket.opened_by_id, user, guest, Ticket.id.in_(left))
    for column in (Comment.author_id, Attachment.uploader_id, IncomingMail.person_id, OutgoingMail.user_id):
        give(column, user, guest, column.class_.ticket_id.in_(left))
    # Not what waits in a bundle: that goes to the account, which may see none of it any more.
    mails = select(OutgoingMail.id).where(OutgoingMail.user_id == guest.id)
    decided = update(Verdict).where(Verdict.user_id == user.id, Verdict.mail_id.in_(mails)).values(user_id=guest.id)
    db.session.execute(decided)
    db.session.expire_all()  # the statements changed rows that this session has read


def _anothers(user: User) -> tuple[ColumnElement[bool], ...]:
    return Ticket.requester_id == user.id, Ticket.unverified
