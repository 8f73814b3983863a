"""How much has gone to an address by itself already: what keeps two machines from writing to each other for ever."""

from datetime import timedelta

from sqlalchemy import ColumnElement, and_, func, or_, select

from informejo import clock, db
from informejo.accounts.models import User
from informejo.ids import made_at
from informejo.mail.models import IncomingMail, OutgoingMail, Verdict
from informejo.mail.words import InState, Kind, OutState
from informejo.tickets.models import Ticket

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
AN_HOUR = 5  # automatic mails to one address
UNCONFIRMED_AN_HOUR, UNCONFIRMED_A_DAY = 3, 10  # the same to one of which nobody has shown that it is theirs
AUTOMATIC = tuple(kind for kind in Kind if kind.automatic)
_HAS_AUTOMATIC = OutgoingMail.kind.in_(AUTOMATIC) | OutgoingMail.verdicts.any(Verdict.kind.in_(AUTOMATIC))


def too_many(address: str, user: User | None) -> str:
    """Why no further automatic mail may go to that address now, as a sentence; empty while one may."""
    confirmed = user is not None and user.confirmed_at is not None
    an_hour = AN_HOUR if confirmed else UNCONFIRMED_AN_HOUR
    if _gone_to(address, HOUR) >= an_hour:
        return f"{an_hour} automatic mails went to this address within an hour."
    if not confirmed and _gone_to(address, DAY) >= UNCONFIRMED_A_DAY:
        return f"{UNCONFIRMED_A_DAY} automatic mails went to this address within a day, and nobody has confirmed it."
    return ""


def no_answer(ticket: Ticket, address: str) -> str:
    """Why nothing automatic may answer the mail that opened this ticket, as a sentence; empty where it may."""
    came = came_with(ticket)
    if came is None:
        return ""
    if came.automatic:
        return "The mail that opened the ticket was written by a machine."
    if came.dmarc == "fail":
        return "The mail that opened the ticket may not be from whom it says (DMARC)."
    if _gone_to(address, DAY, OutgoingMail.incoming_id.is_not(None)):
        return "An automatic answer went to this address within a day."
    return ""


def came_with(ticket: Ticket) -> IncomingMail | None:
    """The mail that opened the ticket; a report about a mail of ours, or the same mail once more, did not."""
    opened_by = IncomingMail.ticket_id == ticket.id, IncomingMail.comment_id.is_(None)
    opened_by += (IncomingMail.state != InState.IGNORED,)
    return db.session.scalar(select(IncomingMail).where(*opened_by).order_by(IncomingMail.id).limit(1))


def _gone_to(address: str, within: timedelta, *which: ColumnElement[bool]) -> int:
    """How many automatic mails there were; a bundle is one of them when something in it is automatic."""
    since = clock.now() - within
    # By their ids the few mails since then are found; among them, whatever stands behind a plus is the same mailbox.
    recent = OutgoingMail.id >= made_at(since), OutgoingMail.created_at > since, _same_mailbox(address)
    mails = select(func.count(OutgoingMail.id)).where(*recent, OutgoingMail.state != OutState.DROPPED)
    return db.session.scalar(mails.where(_HAS_AUTOMATIC, *which))


def _same_mailbox(address: str) -> ColumnElement[bool]:
    """Anybody can make up as many addresses of one person as they like: `ren+1@example.org`, `ren+2@example.org`."""
    name, _, host = address.rpartition("@")
    name = name.partition("+")[0]
    begins = OutgoingMail.address.startswith(f"{name}+", autoescape=True)
    return or_(
        OutgoingMail.address.in_((address, f"{name}@{host}")),
        and_(begins, OutgoingMail.address.endswith(f"@{host}", autoescape=True)),
    )
