"""What a mail is written from: its row, who gets it, and what it still has to say."""

from typing import NamedTuple

from informejo.events.models import Audience, Event
from informejo.mail.conversation import Reader
from informejo.mail.models import OutgoingMail, Verdict
from informejo.mail.verdicts import kind_of
from informejo.mail.words import Kind
from informejo.tickets.models import Ticket


class Case(NamedTuple):
    """What a mail is written from: its row, who gets it, and the events it tells of, oldest first."""

    mail: OutgoingMail
    kind: Kind
    reader: Reader
    verdicts: list[Verdict]

    @property
    def event(self) -> Event | None:
        return self.verdicts[0].event if self.verdicts else self.mail.event

    @property
    def ticket(self) -> Ticket | None:
        """The one ticket it is about; None for a bundle about several."""
        tickets = {verdict.event.ticket for verdict in self.verdicts}
        return tickets.pop() if len(tickets) == 1 else self.mail.ticket

    @property
    def is_public(self) -> bool:
        """Whether all it tells of is for the requester too. An answer to another mail becomes a note."""
        return all(verdict.event.is_for(Audience.REQUESTER) for verdict in self.verdicts)


def case_of(mail: OutgoingMail, verdicts: list[Verdict]) -> Case:
    """The mail with what it still has to say, as the kind of mail that this makes it."""
    return Case(mail, kind_of(mail, verdicts), Reader(mail.user, _is_known(mail, verdicts)), verdicts)


def _is_known(mail: OutgoingMail, verdicts: list[Verdict]) -> bool:
    """Whether it was shown that the address is its reader's, and that what the mail is about is not a stranger's."""
    tickets = {verdict.event.ticket for verdict in verdicts} | {mail.ticket}
    typed = any(ticket.unverified and ticket.requester_id == mail.user_id for ticket in tickets - {None})
    return bool(mail.user and mail.user.confirmed_at) and not typed
