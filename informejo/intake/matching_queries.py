"""Which ticket an incoming mail belongs to, and as whom it acts. Never by the text of a subject."""

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import NamedTuple

from sqlalchemy import select

from informejo import db, policy
from informejo.accounts.models import User
from informejo.accounts.queries import surviving, user_by_email
from informejo.events.models import Audience, Event
from informejo.mail import queries, signatures
from informejo.mail.models import OutgoingMail, Verdict
from informejo.mail.quoting_queries import quoted_by
from informejo.mail.signatures import MessageId
from informejo.mime import guards
from informejo.mime.parsing import Parsed
from informejo.tickets.models import Comment, Ticket

NUMBER = re.compile(r"\[#([1-9][0-9]{0,10})\]", re.ASCII)
MOST_NUMBERS = 5  # in one subject that are looked up
NOTHING = "Nothing in it names a ticket of its sender."
STRANGER = (
    "It answers a mail about a ticket that went to another address. From this one it proves nothing, so it is a new"
    " ticket."
)
UNPROVEN = (
    "Nobody has confirmed the address of this account, and whoever made it may be somebody else. So it is a new ticket,"
    " which that account is not shown until it does."
)
FORGED = "Our mail server says that it may not be from whom it says (DMARC), so it speaks for nobody of the staff."


class Match(NamedTuple):
    """Where a mail belongs: the ticket, None for a new one, and who sent it, None for somebody who is not known yet.

    `proven` says that it carried what we had signed for this very person: then it acts with all their rights. `like` is
    a ticket that it answers and may not be brought to: what it quotes of that one no others may read.
    """

    ticket: Ticket | None
    person: User | None
    proven: bool
    internal: bool  # what it answers was for the staff alone, and so is the answer
    why: str  # a sentence
    like: Ticket | None = None
    quoted: Sequence[Ticket] = ()  # where it belongs to none of them: the tickets of which it may tell


class Signed(NamedTuple):
    """What something that we signed names: a ticket, to whom it was given, and how we know."""

    ticket: Ticket | None
    address: str
    internal: bool
    how: str
    quoted: Sequence[Ticket]  # what an answer to it may quote


def match(parsed: Parsed, dmarc: str) -> Match:
    """By what we signed, for this very sender; then by a number in the subject, for the requester of that ticket."""
    found = _match(parsed, dmarc)
    quoted = [] if found.ticket else [ticket for signed in _signed(parsed) for ticket in signed.quoted]
    return found._replace(like=most_secret(quoted), quoted=quoted)


def told_by(mail: OutgoingMail) -> list[Ticket]:
    """The tickets that a mail of ours tells of: its own, those of a bundle, and those of what was taken elsewhere."""
    told = (mail.ticket, *(verdict.event.ticket for verdict in mail.verdicts), *quoted_by(mail))
    return [ticket for ticket in told if ticket]


def most_secret(tickets: Iterable[Ticket]) -> Ticket | None:
    """One of these tickets that not all of the staff see, one that fewest do; None where they see them all."""
    secret = sorted(tickets, key=lambda ticket: (ticket.confidential, ticket.team_id is not None))
    return secret[-1] if secret and (secret[-1].confidential or secret[-1].team_id) else None


def secrets_of(tickets: Iterable[Ticket]) -> set[tuple]:
    """Who sees those of these tickets that not all of the staff see: a team, or whom one is confided to; each once."""
    secret = (ticket for ticket in tickets if not ticket.is_for_all_staff)
    return {("ticket", ticket.id) if ticket.confidential else ("team", ticket.team_id) for ticket in secret}


def _match(parsed: Parsed, dmarc: str) -> Match:
    person, strange = user_by_email(parsed.sender), False
    if person is not None and person.is_staff and dmarc == "fail":
        return Match(None, person, False, False, FORGED)
    if person is not None and person.is_unproven:
        return Match(None, person, False, False, UNPROVEN)
    proven = False
    for signed in _signed(parsed):
        if person is None or signed.address != person.email:
            strange = strange or signed.ticket is not None
            continue
        proven = True
        if signed.ticket is not None and policy.sees(person, signed.ticket):
            return Match(signed.ticket, person, True, signed.internal and person.is_staff, signed.how)
    is_plain = person is not None and dmarc != "fail" and guards.names_one_sender(parsed)
    if is_plain and (ticket := _numbered(parsed, person)):
        how = f"Its subject names #{ticket.number}, and its sender is who asked for that ticket."
        return Match(ticket, person, proven, False, how)
    return Match(None, person, proven, False, STRANGER if strange else NOTHING)


def is_public(parsed: Parsed, person: User) -> bool:
    """Whether what somebody of the staff mailed may be read by requesters, wherever it is brought.

    Not where it answers what was for the staff, nor where nothing in it shows that it is theirs.
    """
    own = next((signed for signed in _signed(parsed) if signed.address == person.email), None)
    return own is not None and not own.internal


def _signed(parsed: Parsed) -> Iterator[Signed]:
    """Everything in it that we signed: Message-Ids first, the newest of them first, then reply addresses."""
    key = queries.key()
    for id in dict.fromkeys((*parsed.in_reply_to, *reversed(parsed.references))):
        named = signatures.read_message_id(key, id)
        sent = named and db.session.get(OutgoingMail, named.mail)
        if sent:
            yield _of_mail(named, sent)
    for address in dict.fromkeys((*parsed.to, *parsed.cc, *parsed.delivered_to)):
        named = signatures.read_reply_address(key, address)
        user, ticket = named and surviving(db.session.get(User, named.user)), named and _ticket(named.ticket)
        if user and ticket:
            how = "It was sent to the reply address that was made for its sender."
            yield Signed(ticket, user.email, _heard_notes(user, ticket), how, [ticket])


def _of_mail(named: MessageId, sent: OutgoingMail) -> Signed:
    """A mail names its ticket; its message may have gone to another ticket since."""
    said = sent.comment or (db.session.get(Comment, named.thing) if named.kind == "c" else None)
    ticket = said.ticket if said else sent.ticket if named.kind != "x" else None  # a bundle is no one ticket's
    subject = f" “{sent.subject}”" if sent.subject else ""
    how = f"It answers our mail{subject}, which went to its sender."
    address = surviving(sent.user).email if sent.user else sent.address
    quoted = [*told_by(sent), *([ticket] if ticket else [])]
    return Signed(ticket, address, _was_internal(named, said, sent), how, quoted)


def _was_internal(named: MessageId, said: Comment | None, sent: OutgoingMail) -> bool:
    """Whether that mail told of what is for the staff alone: a note, or that a mail failed, or who watches."""
    if said is None and named.kind == "c":  # it was taken out, and what it was nobody can say any more
        return True
    return bool(said and said.internal) or bool(sent.event and not sent.event.is_for(Audience.REQUESTER))


def _heard_notes(user: User, ticket: Ticket) -> bool:
    """Whether a note of this ticket was mailed to them: an address alone does not say which mail is answered."""
    of_note = Comment.ticket_id == ticket.id, Comment.internal
    mailed = select(OutgoingMail.id).join(OutgoingMail.comment).where(OutgoingMail.user_id == user.id, *of_note)
    bundled = select(Verdict.mail_id).join(Event, Event.id == Verdict.event_id)
    bundled = bundled.join(Comment, Comment.id == Event.comment_id)
    bundled = bundled.where(Verdict.user_id == user.id, Verdict.mail_id.is_not(None), *of_note)
    return db.session.scalar(select(mailed.exists() | bundled.exists()))


def _numbered(parsed: Parsed, person: User) -> Ticket | None:
    if person.is_staff:  # whoever writes their address would be one of the staff
        return None
    tickets = (_ticket(int(number)) for number in NUMBER.findall(parsed.subject)[:MOST_NUMBERS])
    return next((ticket for ticket in tickets if ticket and policy.sees(person, ticket)), None)


def _ticket(number: int) -> Ticket | None:
    return db.session.get(Ticket, number)
