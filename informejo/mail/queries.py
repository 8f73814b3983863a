"""Reading mail: its key, whether any can be sent, who watches a ticket."""

from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, func, select

from informejo import db
from informejo.accounts.models import User
from informejo.events.models import Event
from informejo.events.names import WATCHING
from informejo.mail.models import MailKey, OutgoingMail, Watcher
from informejo.mail.words import Kind
from informejo.settings.saved import setting
from informejo.tickets.models import Ticket

_TICKET = bindparam("ticket")
_WATCHER_IDS = select(Watcher.user_id).where(Watcher.ticket_id == _TICKET).order_by(Watcher.user_id)
_CHANGED = select(func.max(Event.id)).where(Event.ticket_id == _TICKET, Event.name.in_(WATCHING)).scalar_subquery()
# A ticket that nobody watches has a row too: when that became so orders what pages are sent.
_WATCHING = (
    select(func.coalesce(_CHANGED, 0), User)
    .select_from(Ticket)
    .outerjoin(Watcher, Watcher.ticket_id == Ticket.id)
    .outerjoin(User, User.id == Watcher.user_id)
    .where(Ticket.id == _TICKET)
    .order_by(User.folded, User.id)
)


class Watching(NamedTuple):
    """Who watches a ticket, by name, and the event by which that changed last, 0 for none."""

    last: int
    people: list[User]


def key() -> str:
    """What signs the ids and the reply addresses of mails."""
    return db.session.scalar(select(MailKey.word))


def can_be_sent() -> bool:
    """Whether mails go anywhere: to a server, or to the page that shows what would have been sent."""
    return bool(setting("SMTP_HOST") or current_app.config["MAIL_CATCH"])


def watcher_ids(ticket: Ticket) -> tuple[int, ...]:
    """Who watches the ticket, by id."""
    return tuple(id for (id,) in db.rows(_WATCHER_IDS, ticket=ticket.id))


def watching(ticket: Ticket) -> Watching:
    """Who watches that ticket."""
    found = db.session.execute(_WATCHING, {"ticket": ticket.id}).all()
    return Watching(max((last for last, _ in found), default=0), [user for _, user in found if user])


def last_password_mail(user: User) -> OutgoingMail | None:
    """The newest mail with which this person was offered a link to choose a password."""
    mails = select(OutgoingMail).where(OutgoingMail.user_id == user.id, OutgoingMail.kind == Kind.PASSWORD)
    return db.session.scalar(mails.order_by(OutgoingMail.id.desc()).limit(1))
