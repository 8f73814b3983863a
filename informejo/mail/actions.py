"""Who watches a ticket, which events mail somebody, whose address is whose, and mails that no event asks for.

What becomes of a mail that is there already stands in `outgoing_actions`.
"""

from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.mail import choices
from informejo.mail.bundle_queries import open_bundle
from informejo.mail.limit_queries import too_many
from informejo.mail.models import IncomingMail, MailChoices, OutgoingMail, Watcher
from informejo.mail.words import Kind
from informejo.policy import hold, may, require
from informejo.tickets.models import Ticket

NOT_FOR_THEM = "Only an active member of the staff who sees a ticket can watch it."


def watch(actor: User, ticket: Ticket, user: User):
    """Have `user` hear of what happens to the ticket; oneself, or a colleague. Raises UnprocessableEntity."""
    require(actor, "ticket.watch", ticket)
    db.lock(user)  # people before tickets, as everywhere
    hold(actor, "ticket.watch", ticket)
    if not may(user, "ticket.watch", ticket):
        raise UnprocessableEntity(NOT_FOR_THEM)
    if db.session.get(Watcher, (ticket.id, user.id)) is None:
        db.session.add(Watcher(ticket_id=ticket.id, user_id=user.id))
        log.record(EventName.WATCHER_ADDED, actor, ticket=ticket, user=user, audience=Audience.STAFF)


def unwatch(actor: User, ticket: Ticket, user: User):
    """Have them hear no more of it, whoever they are by now."""
    hold(actor, "ticket.watch", ticket)
    watcher = db.session.get(Watcher, (ticket.id, user.id))
    if watcher is not None:
        db.session.delete(watcher)
        log.record(EventName.WATCHER_REMOVED, actor, ticket=ticket, user=user, audience=Audience.STAFF)


def save_choices(actor: User, **fields):
    """Keep which events mail the actor, and when: any fields of `choices.Choices`. The others stay as they are."""
    db.lock(actor)
    row = db.session.get(MailChoices, actor.id)
    if row is None:
        row = MailChoices(user_id=actor.id, **choices.of(actor)._asdict())
        db.session.add(row)
    for field, value in fields.items():
        setattr(row, field, value)
    if row.quiet_from == row.quiet_to or None in (row.quiet_from, row.quiet_to):
        row.quiet_from = row.quiet_to = None  # no time at all, or one that never ends
    if bundle := open_bundle(actor):  # what waits goes by the new ones
        bundle.due_at, until = choices.due(choices.chosen(actor, row), clock.now(), actor.time_zone)
        for verdict in bundle.verdicts:
            verdict.detail = until
    # That it changed belongs into the log, for whom a form names hangs on it; what was chosen does not.
    log.record(EventName.USER_UPDATED, actor, user=actor, audience=Audience.STAFF, changes={"mail": [None, None]})


def confirm_address(user: User, email: str):
    """It was shown that this person gets what is sent to that address, if it is theirs still.

    Only the first time is of interest.
    """
    db.lock(user)
    if user.email == email and user.confirmed_at is None:
        user.confirmed_at = clock.now()
        changes = {"address": [None, None]}
        log.record(EventName.USER_UPDATED, user, user=user, audience=Audience.STAFF, changes=changes)


def queue(
    kind: Kind,
    address: str,
    *,
    user: User | None = None,
    ticket: Ticket | None = None,
    incoming: IncomingMail | None = None,
) -> OutgoingMail | None:
    """A mail that no event asks for, due now. None when it would be one too many of those that nobody wrote."""
    if kind.automatic and too_many(address, user):
        return None
    about = {"user": user, "ticket": ticket}
    mail = OutgoingMail(kind=kind, address=address, due_at=clock.now(), incoming_id=incoming and incoming.id, **about)
    db.session.add(mail)
    return mail
