"""What the pages of outgoing and of caught mail show."""

from typing import NamedTuple

from sqlalchemy import Select, func, select
from sqlalchemy.orm import joinedload, undefer
from werkzeug.exceptions import NotFound

from informejo import db, policy
from informejo.accounts.models import User
from informejo.mail.models import CaughtMail, MailWay, OutgoingMail
from informejo.mail.words import SENDING, OutState
from informejo.paging import nearest_page

PAGE = 50  # mails on one page
_SHOWN = joinedload(OutgoingMail.user), joinedload(OutgoingMail.ticket)


class Listed(NamedTuple):
    """One page of a list of mails: its number from 1, and whether there is another after it."""

    mails: list
    number: int
    more: bool


def outgoing(actor: User, state: OutState | None, page: int | None) -> Listed:
    """Mails that go out, or those in one state, the newest first."""
    policy.require(actor, "mail.see")
    mails = select(OutgoingMail).order_by(OutgoingMail.id.desc()).options(*_SHOWN)
    return _page(mails.where(OutgoingMail.state == state) if state else mails, OutgoingMail, page)


def tally(actor: User) -> dict[OutState, int]:
    """How many there are in each state."""
    policy.require(actor, "mail.see")
    return dict(db.session.execute(select(OutgoingMail.state, func.count()).group_by(OutgoingMail.state)).all())


def find_outgoing(actor: User, id: int) -> OutgoingMail:
    """The mail with that id. Raises NotFound, also for whoever may not see it."""
    return _found(select(OutgoingMail).where(OutgoingMail.id == id), policy.may(actor, "mail.see"))


def sending() -> MailWay | None:
    """How the server that sends fares; None before anything was sent."""
    return db.session.get(MailWay, SENDING)


def caught(actor: User, page: int | None) -> Listed:
    """What was caught instead of sent, the newest first."""
    policy.require(actor, "mail.check")
    return _page(select(CaughtMail).order_by(CaughtMail.id.desc()), CaughtMail, page)


def find_caught(actor: User, id: int) -> CaughtMail:
    """The caught mail with that id, read with its bytes. Raises NotFound, also for whoever may not see it."""
    one = select(CaughtMail).where(CaughtMail.id == id).options(undefer(CaughtMail.raw))
    return _found(one, policy.may(actor, "mail.check"))


def _page(mails: Select, model, page: int | None) -> Listed:
    total = db.session.scalar(mails.with_only_columns(func.count(model.id)).order_by(None).options())
    number = nearest_page(page, total, PAGE)
    ids = mails.with_only_columns(model.id).limit(PAGE).offset((number - 1) * PAGE)  # what is sorted is no more
    rows = db.session.scalars(mails.where(model.id.in_(db.session.scalars(ids).all())))
    return Listed(list(rows), number, total > number * PAGE)


def _found(statement: Select, may: bool):
    try:
        mail = db.session.scalar(statement) if may else None
    except OverflowError:  # a number in the address that no row can have
        mail = None
    if mail is None:
        raise NotFound(policy.NOTHING)
    return mail
