"""Taking somebody who is erased out of what the desk says of mails: theirs, those to them, and what became of either.

The mails that came in stay as they are on the disk.
"""

from collections.abc import Collection
from typing import NamedTuple

from sqlalchemy import delete, false, or_, select, update

from informejo import db, slow_reads, turns
from informejo.accounts.merge_queries import merged_into
from informejo.accounts.models import FORMER, User
from informejo.events.models import Event
from informejo.events.names import EventName
from informejo.mail.models import CaughtMail, IncomingMail, MailPicture, OutgoingMail
from informejo.mail.words import OF_PEOPLE, REPORTS

REPORTED = "It reports about our mail to a former user."


class Reasons(NamedTuple):
    """Rows of the ledger that may name somebody, and how a sentence that does begins."""

    ids: list[int]
    names: dict[str, str]  # and how it begins afterwards
    addresses: tuple[str, ...]  # the rest goes too: what a mail server says names the address again


def reasons_that_name(user: User, names: Collection[str]) -> Reasons:
    """Where the ledger says what somebody of these names did, or what became of a mail to them. Long to look for."""
    said = {_begins(sentence, name): _begins(sentence, FORMER) for sentence in OF_PEOPLE for name in names}
    accounts = [one.id for one in (user, *merged_into(user))]
    mailed = db.session.scalars(select(OutgoingMail.address).where(OutgoingMail.user_id.in_(accounts)).distinct())
    reports = tuple(_begins(REPORTS, address) for address in mailed)
    named = (IncomingMail.reason.startswith(begins, autoescape=True) for begins in (*said, *reports))
    return Reasons(
        [id for (id,) in slow_reads.rows(select(IncomingMail.id).where(or_(false(), *named)))], said, reports
    )


def call_former_user_in(reasons: Reasons):
    """That it was done or reported stays, by whom and about whom goes."""
    for id in turns.in_turns(reasons.ids):
        mail = db.session.get(IncomingMail, id)
        mail.reason = REPORTED if mail.reason.startswith(reasons.addresses) else _without(reasons.names, mail.reason)


def forget_in_mails(user: User, instead: str):
    """Put `instead` where an address of theirs stands, also one they had before; what mail servers said of it goes."""
    theirs = or_(IncomingMail.person_id == user.id, IncomingMail.sender == user.email)
    sent = or_(OutgoingMail.user_id == user.id, OutgoingMail.address == user.email)
    senders = select(IncomingMail.sender).where(theirs)
    caught = CaughtMail.mail_id.in_(select(OutgoingMail.id).where(sent))
    for statement in (
        delete(MailPicture).where(MailPicture.sender.in_(senders)),
        delete(CaughtMail).where(or_(caught, CaughtMail.address == user.email)),
        update(IncomingMail).where(theirs).values(sender=instead),
        update(OutgoingMail).where(sent).values(address=instead, error=""),
    ):
        db.session.execute(statement, execution_options={"synchronize_session": "fetch"})
    for event in db.session.scalars(_failures(user)):
        event.changes = event.changes | {"mail": [None, None]}


def _failures(user: User):
    return select(Event).where(Event.user_id == user.id, Event.name == EventName.MAIL_FAILED)


def _begins(sentence: str, whom: str) -> str:
    before, _, after = sentence.partition("{}")
    return before + whom + after.partition("{")[0]


def _without(names: dict[str, str], reason: str) -> str:
    for begins, instead in names.items():
        if reason.startswith(begins):
            return instead + reason.removeprefix(begins)
    return reason
