"""What the pages of outgoing and of caught mail show."""

from typing import NamedTuple

from sqlalchemy import Select, func, not_, select
from sqlalchemy.orm import joinedload, undefer
from werkzeug.exceptions import NotFound

from informejo import db, policy, slow_reads
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.mail.models import CaughtMail, MailWay, OutgoingMail, Verdict
from informejo.mail.quoting_queries import sees_all_quoted
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
    mails = visible_mails(actor).order_by(OutgoingMail.id.desc()).options(*_SHOWN)
    return _page(mails.where(OutgoingMail.state == state) if state else mails, OutgoingMail, page)


def tally(actor: User) -> dict[OutState, int]:
    """How many there are in each state."""
    policy.require(actor, "mail.see")
    counted = visible_mails(actor).with_only_columns(OutgoingMail.state, func.count()).group_by(OutgoingMail.state)
    return {OutState(state): number for state, number in slow_reads.rows(counted)}


def find_outgoing(actor: User, id: int) -> OutgoingMail:
    """The mail with that id. Raises NotFound, also for whoever may not see it."""
    return _found(visible_mails(actor).where(OutgoingMail.id == id), policy.may(actor, "mail.see"))


def visible_mails(actor: User) -> Select:
    """The mails that go out of which the staff may know: not those that tell of a ticket they do not see.

    What a bundle tells of is in its verdicts; where these went with what was taken elsewhere, it keeps of which tickets
    that was.
    """
    if policy.sees_everything(actor):
        return select(OutgoingMail)
    tells = select(Verdict.mail_id).join(Event, Event.id == Verdict.event_id)
    unseen = tells.where(Verdict.mail_id == OutgoingMail.id, not_(policy.knows(actor, Event.ticket_id)))
    quoted = sees_all_quoted(actor, OutgoingMail)
    return select(OutgoingMail).where(policy.knows(actor, OutgoingMail.ticket_id), ~unseen.exists(), quoted)


def sending() -> MailWay | None:
    """How the server that sends fares; None before anything was sent."""
    return db.session.get(MailWay, SENDING)


def caught(actor: User, page: int | None) -> Listed:
    """What was caught instead of sent, the newest first."""
    policy.require(actor, "mail.check")
    return _page(_caught(actor).order_by(CaughtMail.id.desc()), CaughtMail, page)


def find_caught(actor: User, id: int) -> CaughtMail:
    """The caught mail with that id, read with its bytes. Raises NotFound, also for whoever may not see it."""
    one = _caught(actor).where(CaughtMail.id == id).options(undefer(CaughtMail.raw))
    return _found(one, policy.may(actor, "mail.check"))


def _caught(actor: User) -> Select:
    """As secret as the mail would have been that was caught; for administrators too."""
    sent = visible_mails(actor).with_only_columns(OutgoingMail.id).where(OutgoingMail.id == CaughtMail.mail_id)
    return select(CaughtMail).where(CaughtMail.mail_id.is_(None) | sent.exists())


def _page(mails: Select, model, page: int | None) -> Listed:
    ((total,),) = slow_reads.rows(mails.with_only_columns(func.count(model.id)).order_by(None).options())
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
