"""Mail that has had its time: that of tickets which are gone for good, and what was caught instead of sent."""

from datetime import timedelta

from sqlalchemy import Select, delete, select

from informejo import clock, db
from informejo.events.models import Event
from informejo.mail.models import CaughtMail, IncomingMail, OutgoingMail, QuotedTicket, Verdict, Watcher
from informejo.mail.words import Kind, OutState

CAUGHT_DAYS = timedelta(days=30)


def forget_mails_of(ticket_id: int, most: int) -> int:
    """Remove at most that many rows of mail about that ticket and return how many. Raw mails go as strays.

    One that was moved away lives on with the ticket where its message is now, as secret as before.
    """
    came = IncomingMail.ticket_id == ticket_id
    return (
        _forget(IncomingMail, select(IncomingMail.id).where(came), most)
        or _forget(OutgoingMail, select(OutgoingMail.id).where(OutgoingMail.ticket_id == ticket_id), most)
        or _forget(OutgoingMail, _bundles_about(ticket_id), most)
        or db.session.execute(delete(Watcher).where(Watcher.ticket_id == ticket_id)).rowcount
    )


def _bundles_about(ticket_id: int) -> Select:
    """What went out in a bundle tells of that ticket, and nothing would say so any more when its events are gone."""
    told = select(Verdict.mail_id).join(Event, Event.id == Verdict.event_id).where(Event.ticket_id == ticket_id)
    sent = OutgoingMail.kind == Kind.BUNDLE, OutgoingMail.state != OutState.WAITING
    quoted = select(QuotedTicket.outgoing_id).where(QuotedTicket.ticket_id == ticket_id)
    return select(OutgoingMail.id).where(OutgoingMail.id.in_(told) | OutgoingMail.id.in_(quoted), *sent)


def old_caught_mails() -> Select:
    """The ids of those that were caught long ago."""
    return select(CaughtMail.id).where(CaughtMail.at < clock.now() - CAUGHT_DAYS)


def forget_caught_mails(most: int) -> int:
    """Remove at most that many of them and return how many."""
    return _forget(CaughtMail, old_caught_mails(), most)


def _forget(model, due: Select, most: int) -> int:
    ids = db.session.scalars(due.limit(most)).all()
    return len(ids) and db.session.execute(delete(model).where(model.id.in_(ids))).rowcount
