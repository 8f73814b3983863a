"""What staff do with a mail of the ledger: have it read again, make a ticket of it, move it, and undo that.

Each works twice pressed: what is so already is not done again. Moving makes anew, from the mail as it came.
"""

from werkzeug.exceptions import UnprocessableEntity

from informejo import db
from informejo.accounts.models import User
from informejo.intake.actions import NOTE, person_of, place
from informejo.intake.bringing import Brought
from informejo.intake.ledger_queries import is_internal, opened_by, was_answered, was_closed_again
from informejo.intake.matching_queries import most_secret
from informejo.intake.taking_out_actions import bin_ticket, take_out_message, unbin_ticket
from informejo.mail.models import IncomingMail
from informejo.mail.quoting_actions import keep_quoted
from informejo.mail.words import MADE_A_TICKET, MOVED, MOVED_BACK, InState
from informejo.mime.parsing import Parsed
from informejo.policy import require
from informejo.tickets import actions
from informejo.tickets.models import Comment, Ticket
from informejo.tickets.queries import sent_before

UNDONE = (InState.QUARANTINED, InState.IGNORED)  # nothing came of such a mail


def look_again(actor: User, mail: IncomingMail):
    """Have a mail of which nothing came read once more, as if it had just come."""
    _hold(actor, mail)
    if mail.state in UNDONE:
        mail.state, mail.tries, mail.claimed_until = InState.NEW, 0, None


def make_ticket(actor: User, mail: IncomingMail, parsed: Parsed, brought: Brought) -> Ticket:
    """Make a new ticket of it, whatever became of it before; the ticket that it opened, if it did."""
    _hold(actor, mail)
    if mail.comment is None and opened_by(mail, mail.ticket):
        return mail.ticket
    before, person = mail.ticket, _person(mail, parsed)
    earlier = sent_before(person, mail.key).ticket
    _take_out(actor, mail, earlier)
    if earlier is not None:
        unbin_ticket(actor, earlier)
    ticket = earlier or _open(actor, mail, person, brought, _quoted(mail, before))
    _put(mail, ticket, before, MADE_A_TICKET.format(actor.name))
    return ticket


def move(actor: User, mail: IncomingMail, to: Ticket, parsed: Parsed, brought: Brought):
    """Its message belongs to that ticket. One that it had opened goes into the bin, unless somebody wrote there."""
    _hold(actor, mail)
    if mail.ticket_id == to.id and mail.state not in UNDONE:
        return
    before, person, internal = mail.ticket, _person(mail, parsed), is_internal(mail, parsed, to)
    _take_out(actor, mail, to)
    said = _say(actor, mail, person, to, brought, internal)
    _put(mail, said, before, MOVED.format(actor.name, to.number))


def undo(actor: User, mail: IncomingMail, parsed: Parsed, brought: Brought):
    """Bring it back to where it was before it was moved."""
    _hold(actor, mail)
    back = mail.moved_from
    if back is None:
        return
    person, internal = _person(mail, parsed), is_internal(mail, parsed, back)
    _take_out(actor, mail, back)
    if opened_by(mail, back):
        unbin_ticket(actor, back)
        thing = back
    else:
        thing = _say(actor, mail, person, back, brought, internal, reopens=was_closed_again(back))
    _put(mail, thing, None, MOVED_BACK.format(actor.name, back.number))


def _hold(actor: User, mail: IncomingMail):
    require(actor, "mail.settle", mail)
    db.lock(mail)
    if mail.state == InState.REFUSED:
        raise UnprocessableEntity("Only the head of this mail was kept, so nothing can be made of it.")


def _person(mail: IncomingMail, parsed: Parsed) -> User:
    if not parsed.sender:
        raise UnprocessableEntity("This mail names no sender, so nothing can be said in their name.")
    return mail.person or person_of(None, parsed)


def _take_out(actor: User, mail: IncomingMail, to: Ticket | None):
    if mail.comment is not None:
        comment, mail.comment = mail.comment, None
        take_out_message(actor, comment, to)
    elif opened_by(mail, mail.ticket) and mail.ticket.deleted_at is None and not was_answered(mail.ticket):
        bin_ticket(actor, mail.ticket)


def _open(actor: User, mail: IncomingMail, person: User, brought: Brought, like: Ticket | None) -> Ticket:
    said = {"title": brought.title, "description": brought.text, "files": brought.files, "key": mail.key}
    # For somebody who is shut out only others can open one.
    return actions.open_ticket(person if person.active else actor, requester=person, **said, like=like)


def _quoted(mail: IncomingMail, ticket: Ticket | None) -> Ticket | None:
    """Of that ticket and the one it was moved from one that not all of the staff see: the mail may quote it."""
    return most_secret(filter(None, (ticket, mail.moved_from)))


def _say(
    actor: User,
    mail: IncomingMail,
    person: User,
    ticket: Ticket,
    brought: Brought,
    internal: bool,
    reopens: bool = True,
) -> Comment:
    said = {"body": brought.text, "internal": internal, "files": brought.files, "key": mail.key}
    return actions.add_comment_of(actor, person, ticket, **said, reopens=reopens and not mail.automatic)


def _put(mail: IncomingMail, thing, before: Ticket | None, reason: str):
    place(mail, thing)
    is_ticket = isinstance(thing, Ticket)
    made = InState.TICKET if is_ticket else InState.REPLY
    mail.state = InState.AUTOMATIC if mail.automatic else made
    mail.reason = reason if is_ticket or not thing.internal else f"{reason} {NOTE}"
    mail.person = thing.requester if is_ticket else thing.author
    if before and mail.moved_from and not before.is_for_all_staff and not mail.moved_from.is_for_all_staff:
        keep_quoted(mail, (before, mail.moved_from))  # only one of them can be where it was moved from
    # Wherever it goes from there, it quotes what it answers: so that stays the one from which it was moved.
    mail.moved_from = before and (_quoted(mail, before) or before)
