"""Of which tickets a mail tells beside its own: it is as secret as all of them."""

from sqlalchemy import ColumnElement, not_, select

from informejo import db, policy
from informejo.accounts.models import User
from informejo.mail.models import IncomingMail, OutgoingMail, QuotedTicket
from informejo.tickets.models import Ticket

OF = {OutgoingMail: QuotedTicket.outgoing_id, IncomingMail: QuotedTicket.incoming_id}


def quoted_by(mail: OutgoingMail | IncomingMail) -> list[Ticket]:
    """Those tickets."""
    quoted = select(Ticket).join(QuotedTicket, QuotedTicket.ticket_id == Ticket.id)
    return list(db.session.scalars(quoted.where(OF[type(mail)] == mail.id).order_by(Ticket.id)))


def sees_all_quoted(actor: User, kind: type[OutgoingMail] | type[IncomingMail]) -> ColumnElement[bool]:
    """Whether there is none among them that this person does not see, for statements about mails of that kind."""
    unseen = select(QuotedTicket.id).where(OF[kind] == kind.id, not_(policy.knows(actor, QuotedTicket.ticket_id)))
    return ~unseen.exists()
