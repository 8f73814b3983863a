"""Keeping of which tickets a mail tells, where nothing else will say so."""

from collections.abc import Iterable

from informejo import db
from informejo.mail.models import IncomingMail, OutgoingMail, QuotedTicket
from informejo.mail.quoting_queries import OF, quoted_by
from informejo.tickets.models import Ticket


def keep_quoted(mail: OutgoingMail | IncomingMail, tickets: Iterable[Ticket | None]):
    """From now on nobody sees the mail who does not see each of these."""
    db.session.flush()
    known = quoted_by(mail)
    for ticket in dict.fromkeys(filter(None, tickets)):
        if ticket not in known:
            db.session.add(QuotedTicket(**{OF[type(mail)].key: mail.id}, ticket_id=ticket.id))
