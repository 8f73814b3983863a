"""What is to become of an incoming mail, decided before anything is written: guards first, then the match."""

import hashlib
from collections.abc import Sequence
from contextlib import suppress
from datetime import timedelta
from email.utils import parseaddr
from typing import NamedTuple

from flask import current_app
from sqlalchemy import func, select

from informejo import clock, db, limits
from informejo.addresses import one_spelling
from informejo.ids import made_at
from informejo.intake import mailboxes
from informejo.intake.matching_queries import Match, match, secrets_of
from informejo.mail import queries, redaction, signatures
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.words import SHUT_OUT, InState
from informejo.mime import guards, reports
from informejo.mime.parsing import Parsed, Unreadable, parse
from informejo.mime.reports import Report
from informejo.offload import offload
from informejo.settings.saved import all_settings, setting
from informejo.tickets import files
from informejo.tickets.models import Ticket

MOST_AUTOMATIC = 20  # tickets of machines that one sender opens in an hour; what is more waits for somebody
HOUR = timedelta(hours=1)
MOST_TWINS = 5  # mails with one id that are compared
MADE = (InState.TICKET, InState.REPLY, InState.AUTOMATIC)  # something came of such a mail


OF_SEVERAL = (
    "It answers a mail about several tickets, and not all of the staff see each. It waits for somebody who does."
)


class Judgement(NamedTuple):
    """What becomes of a mail. With a `match` it is brought there; without one `state` and `reason` say it all."""

    facts: dict  # what the ledger keeps of it: names of IncomingMail's columns
    state: InState
    reason: str
    match: Match | None = None
    report: Report | None = None
    about: OutgoingMail | None = None  # the mail of ours that the report is about
    twin: IncomingMail | None = None  # the one that it is once more
    like: Ticket | None = None  # of one that waits: what it answers, and no others of the staff may read
    quoted: Sequence[Ticket] = ()  # the tickets of which it may tell, where it belongs to none of them


def judge(mail: IncomingMail, parsed: Parsed, raw: bytes) -> Judgement:
    """What is to become of it. It only reads."""
    facts = facts_of(parsed, raw)
    if reason := guards.is_loop(parsed, own_addresses()):
        return Judgement(facts, InState.IGNORED, reason)
    if twin := _twin(mail, facts, parsed.text):
        return _same_as(twin, facts)
    if report := reports.read(parsed):
        return Judgement(facts, InState.IGNORED, "", report=report, about=_about(report))
    if not parsed.sender or len(parsed.sender) > limits.EMAIL.most:
        return Judgement(facts, InState.QUARANTINED, "It names no address of a sender, so nobody can be answered.")
    return _matched(facts, parsed)


def once_more(mail: IncomingMail, judgement: Judgement, parsed: Parsed) -> Judgement:
    """The same, unless another process has made something of the same mail meanwhile."""
    twin = _twin(mail, judgement.facts, parsed.text)
    return _same_as(twin, judgement.facts) if twin else judgement


def facts_of(parsed: Parsed, raw: bytes) -> dict:
    """What the ledger keeps of a mail beside its bytes."""
    return {
        "message_id": parsed.message_id or f"sha256:{offload(_digest, raw)}",
        "sender": parsed.sender,
        "subject": redaction.redacted(parsed.subject),
        "automatic": bool(guards.is_automatic(parsed)),
        "dmarc": guards.dmarc(parsed, setting("MAIL_TRUSTED_SERVER")),
    }


def own_addresses() -> set[str]:
    """Every address under which the desk itself writes or is written to."""
    ours = (current_app.config, all_settings())  # what a page put in the place of the environment's was ours too
    given = [each[name] for each in ours for name in ("MAIL_FROM", "MAIL_REPLY_TO")]
    given += [box.user for box in mailboxes.of(current_app.config)]
    addresses = {one_spelling(parseaddr(address)[1]) for address in given}
    return {address.replace("+@", "@") for address in addresses if "@" in address}


def _digest(raw: bytes) -> str:
    return hashlib.sha256(raw).hexdigest()


def _matched(facts: dict, parsed: Parsed) -> Judgement:
    found = match(parsed, facts["dmarc"])
    waits = {"like": found.like, "quoted": found.quoted}
    if found.person and not found.person.active:
        return Judgement(facts, InState.QUARANTINED, SHUT_OUT.format(found.person.name), **waits)
    if not found.ticket and len(secrets_of(found.quoted)) > 1:
        return Judgement(facts, InState.QUARANTINED, OF_SEVERAL, **waits)
    if not facts["automatic"]:
        return Judgement(facts, InState.REPLY if found.ticket else InState.TICKET, "", found)
    if not found.ticket and _opened_by_machine(parsed.sender) >= MOST_AUTOMATIC:
        reason = f"This sender's automatic mails opened {MOST_AUTOMATIC} tickets within an hour. This one waits."
        return Judgement(facts, InState.QUARANTINED, reason, **waits)
    reason = f"{guards.is_automatic(parsed)} So it is kept like any other, and never answered by the desk itself."
    if found.ticket and found.person.is_staff and guards.says_so_itself(parsed):  # that one of us is out of office
        found = found._replace(internal=True)
    return Judgement(facts, InState.AUTOMATIC, reason, found)


def _about(report: Report) -> OutgoingMail | None:
    """Only what we signed counts: anybody can send a report about any mail."""
    key = queries.key()
    named = (signatures.read_message_id(key, id) for id in report.message_ids)
    found = (db.session.get(OutgoingMail, signed.mail) for signed in named if signed)
    return next((sent for sent in found if sent), None)


def _same_as(twin: IncomingMail, facts: dict) -> Judgement:
    reason = f"It is the mail that came through {twin.mailbox} already, so nothing was made of it again."
    return Judgement(facts, InState.IGNORED, reason, twin=twin)


def _twin(mail: IncomingMail, facts: dict, text: str) -> IncomingMail | None:
    """An earlier mail that is the same: it has the same Message-Id, sender, subject and text.

    The id alone does not do: whoever has seen one could send something under it first, and the other would be lost; and
    there are programs that give all of their mails the same.
    """
    same = [getattr(IncomingMail, name) == facts[name] for name in ("message_id", "sender", "subject")]
    earlier = select(IncomingMail).where(*same, IncomingMail.id != mail.id, IncomingMail.state.in_(MADE))
    found = db.session.scalars(earlier.order_by(IncomingMail.id.desc()).limit(MOST_TWINS)).all()
    return next((twin for twin in reversed(found) if _text_of(twin) == text), None)


def _text_of(mail: IncomingMail) -> str | None:
    with suppress(OSError, Unreadable):
        return offload(parse, files.read(mail.stored_name)).text
    return None


def _opened_by_machine(sender: str) -> int:
    opened = select(func.count(IncomingMail.id)).where(
        IncomingMail.sender == sender,
        IncomingMail.id > made_at(clock.now() - HOUR),  # for the index: a machine may have sent very many
        IncomingMail.state == InState.AUTOMATIC,
        IncomingMail.comment_id.is_(None),
        IncomingMail.received_at > clock.now() - HOUR,
    )
    return db.session.scalar(opened)
