"""What is made of an incoming mail: a ticket, a reply, or a row of the ledger that says why nothing was."""

from collections.abc import Iterable
from contextlib import suppress

from sqlalchemy.exc import IntegrityError

from informejo import db
from informejo.accounts.actions import guest_who_wrote
from informejo.accounts.models import User
from informejo.accounts.password_actions import void_links
from informejo.intake.bringing import Brought
from informejo.intake.judging_queries import Judgement
from informejo.intake.mailed_back import tokens_in
from informejo.intake.matching_queries import Match, most_secret, told_by
from informejo.mail.actions import confirm_address
from informejo.mail.models import IncomingMail, MailPicture
from informejo.mail.outgoing_actions import mark_bounced, words_about
from informejo.mail.quoting_actions import keep_quoted
from informejo.mail.quoting_queries import quoted_by
from informejo.mail.words import REPORTS, InState
from informejo.mime.parsing import Parsed
from informejo.tickets import actions
from informejo.tickets.models import Comment, Ticket

NOTE = "It is an internal note."
VOIDED = "A link to choose a password came back with it, and is void now: others could have read it here."


def settle(mail: IncomingMail, judgement: Judgement, parsed: Parsed, brought: Brought | None = None):
    """Make of the mail what was decided, and write down why. With a match it brings something along."""
    _write_down(mail, judgement)
    if judgement.report:
        _note_report(mail, judgement)
    if judgement.match and brought:
        _bring(mail, judgement, parsed, brought)
        _remember(mail, brought.pictures)
    if void_links(tokens_in(parsed)):
        mail.reason = _sentences(mail.reason, VOIDED)


def quarantine(mail: IncomingMail, reason: str):
    """Nothing could be made of it; it waits for somebody of the staff."""
    mail.state, mail.reason, mail.claimed_until = InState.QUARANTINED, reason, None


def person_of(match: Match | None, parsed: Parsed) -> User:
    """Who sent it; a new guest where nobody has the address. An account that exists keeps its name."""
    return (match and match.person) or guest_who_wrote(parsed.sender, parsed.sender_name)


def place(mail: IncomingMail, thing: Ticket | Comment):
    """Write down where its words are now."""
    is_message = isinstance(thing, Comment)
    mail.comment, mail.ticket = (thing, thing.ticket) if is_message else (None, thing)


def _write_down(mail: IncomingMail, judgement: Judgement):
    for name, value in judgement.facts.items():
        setattr(mail, name, value)
    mail.state, mail.reason, mail.claimed_until = judgement.state, judgement.reason, None
    mail.match = judgement.match.why if judgement.match else ""
    mail.ticket = _place_of(judgement.twin) if judgement.twin else judgement.like
    twin, match = judgement.twin, judgement.match
    told = (twin.ticket, twin.moved_from, *quoted_by(twin)) if twin else match.quoted if match else judgement.quoted
    keep_quoted(mail, told)


def _place_of(twin: IncomingMail) -> Ticket | None:
    """Where that mail is; if it was moved from a ticket that not all of the staff see, there: it quotes that one."""
    return most_secret(filter(None, (twin.ticket, twin.moved_from))) or twin.ticket


def _note_report(mail: IncomingMail, judgement: Judgement):
    report, about = judgement.report, judgement.about
    if about is None:
        mail.reason = "It is a report about a mail that this desk did not send, or does not know any more."
        return
    said = " ".join(filter(None, (report.status, report.words)))
    words = words_about(about, said) or "no reason is given"
    mail.ticket = most_secret(told_by(about)) or about.ticket
    keep_quoted(mail, told_by(about))  # the report may have all of it
    mail.reason = REPORTS.format(about.address, report.action, words)
    if report.action == "failed":
        mark_bounced(about, words)


def _bring(mail: IncomingMail, judgement: Judgement, parsed: Parsed, brought: Brought):
    match = judgement.match
    person = mail.person = person_of(match, parsed)
    # An answer that nobody wrote is none of its owner's: a receipt for what a stranger sent would confirm itself.
    # Nor does a mail make an account its sender's that somebody else may have made.
    if (match.proven or mail.dmarc == "pass") and not mail.automatic and not person.is_unproven:
        confirm_address(person, person.email)
    thing = _reply(mail, person, match, brought) if match.ticket else _open(mail, person, match, brought)
    place(mail, thing)
    if not match.ticket:
        mail.reason = _sentences(mail.reason, "It opened a new ticket.", brought.said)
        return
    if isinstance(thing, Ticket):
        mail.state = InState.TICKET
        mail.reason = _sentences(mail.reason, f"#{match.ticket.number} is closed, so a new one follows it.")
    note = NOTE if match.internal else ""
    mail.reason = _sentences(mail.reason, note, brought.said)


def _open(mail: IncomingMail, person: User, match: Match, brought: Brought) -> Ticket:
    said = {"title": brought.title, "description": brought.text, "files": brought.files, "key": mail.key}
    return actions.open_ticket(person, **said, like=match.like, unverified=person.is_unproven)


def _reply(mail: IncomingMail, person: User, match: Match, brought: Brought) -> Ticket | Comment:
    said = {"body": brought.text, "internal": match.internal, "files": brought.files, "key": mail.key}
    if mail.automatic:  # "I am out of office" opens nothing again
        return actions.add_comment(person, match.ticket, **said, reopens=False)
    return actions.reply(person, match.ticket, **said)


def _remember(mail: IncomingMail, digests: Iterable[str]):
    for digest in digests:
        if db.session.get(MailPicture, (mail.sender, digest)) is None:
            with suppress(IntegrityError), db.session.begin_nested():  # another mail has it, read at the same time
                db.session.add(MailPicture(sender=mail.sender, digest=digest, first_id=mail.id))


def _sentences(*parts: str) -> str:
    return " ".join(filter(None, parts))
