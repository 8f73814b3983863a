"""What becomes of a mail that goes out: sent, given up, come back, not needed; and sending it again."""

from datetime import datetime

from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.mail.models import OutgoingMail
from informejo.mail.words import Decision, Kind, OutState
from informejo.policy import require

OPEN = (Decision.WAITING, Decision.BUNDLED)  # of an event that nobody has been told of yet
ENDED_BADLY = (OutState.FAILED, OutState.BOUNCED)


def mark_sent(mail: OutgoingMail):
    """The server has taken it."""
    _end(mail, OutState.SENT, "")
    _decide(mail, OPEN, Decision.SENT)


def mark_dropped(mail: OutgoingMail, reason: str = ""):
    """When its time came there was nothing left to say."""
    _end(mail, OutState.DROPPED, reason)
    _decide(mail, OPEN, Decision.GONE, reason)


def mark_failed(mail: OutgoingMail, reason: str):
    """It is given up, for this reason in the server's own words."""
    reason = words_about(mail, reason)
    _end(mail, OutState.FAILED, reason)
    _decide(mail, OPEN, Decision.FAILED, reason)
    _tell_staff(mail, reason)


def mark_bounced(mail: OutgoingMail, reason: str):
    """It was sent and came back, for this reason. Of several reports about one mail the first counts."""
    db.lock(mail)
    if mail.state == OutState.BOUNCED:
        return
    reason = words_about(mail, reason)
    _end(mail, OutState.BOUNCED, reason)
    _decide(mail, (*OPEN, Decision.SENT), Decision.FAILED, reason)
    _tell_staff(mail, reason)


def mark_waiting(mail: OutgoingMail, until: datetime, tries: int, error: str):
    """It could not be sent, and shall be tried again."""
    db.lock(mail)
    mail.state, mail.claimed_until = OutState.WAITING, None
    mail.due_at, mail.tries, mail.error = until, tries, words_about(mail, error)
    _notice(mail)


def send_again(actor: User, mail: OutgoingMail):
    """Try a mail that was given up or came back once more, now; asked twice, it is tried once.

    Raises UnprocessableEntity for one that was sent, or was not needed.
    """
    require(actor, "mail.settle", mail)
    db.lock(mail)
    if mail.state in (OutState.WAITING, OutState.SENDING):
        return
    if mail.state not in ENDED_BADLY:
        raise UnprocessableEntity("Only a mail that failed or came back can be sent again.")
    mail.state, mail.claimed_until, mail.ended_at = OutState.WAITING, None, None
    mail.due_at, mail.tries = clock.now(), 0
    _decide(mail, (Decision.FAILED,), Decision.WAITING)
    _notice(mail)


def words_about(mail: OutgoingMail, words: str) -> str:
    """What a mail server says of it; nothing where its reader was erased: servers name addresses."""
    return "" if mail.user and mail.user.erased_at else words


def _end(mail: OutgoingMail, state: OutState, error: str):
    db.lock(mail)
    mail.state, mail.error, mail.claimed_until, mail.ended_at = state, error, None, clock.now()
    _notice(mail)


def _decide(mail: OutgoingMail, before: tuple[Decision, ...], decision: Decision, detail: str = ""):
    for verdict in mail.verdicts:
        if verdict.decision in before:
            verdict.decision, verdict.detail, verdict.at = decision, detail, clock.now()


def _tell_staff(mail: OutgoingMail, reason: str):
    """On each ticket it was about. Of a mail that tells of such failures alone nothing is told: it would never end."""
    kinds = {verdict.kind for verdict in mail.verdicts} or {mail.kind}
    if kinds == {Kind.UNDELIVERED}:
        return
    about = {"comment": mail.comment, "user": mail.user, "changes": {"mail": [None, reason]}}
    for ticket in _tickets(mail):
        log.record(EventName.MAIL_FAILED, None, audience=Audience.STAFF, ticket=ticket, **about)


def _notice(mail: OutgoingMail):
    for ticket in _tickets(mail):
        db.notice(f"mails:{ticket.id}")


def _tickets(mail: OutgoingMail) -> list:
    found = [mail.ticket, *(verdict.event.ticket for verdict in mail.verdicts)]
    return list(dict.fromkeys(ticket for ticket in found if ticket is not None))
