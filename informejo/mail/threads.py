"""How a mail says what it belongs to: its own Message-Id, and those of its recipient's earlier mails on that ticket."""

from sqlalchemy import select

from informejo import db
from informejo.mail.cases import Case
from informejo.mail.fields import whole_id
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.queries import key
from informejo.mail.senders import domain
from informejo.mail.signatures import MessageId, message_id
from informejo.mail.words import Kind, OutState

MOST = 10  # as Request Tracker keeps them; a list that grows for ever breaks mail servers


def id_of(case: Case) -> str:
    """The mail's Message-Id. One that it was given stays, also when it is sent again."""
    if case.mail.message_id:
        return case.mail.message_id
    comment = case.event.comment_id if case.event and case.kind != Kind.BUNDLE else None
    if case.ticket is None:
        named = MessageId("x", 0, case.mail.id)
    elif comment:
        named = MessageId("c", comment, case.mail.id)
    else:
        named = MessageId("t", case.ticket.id, case.mail.id)
    return message_id(key(), named, domain())


def references(case: Case) -> list[str]:
    """The newest ids that this very person got or sent on the ticket, oldest first.

    Nobody else's: an answer with such an id proves who wrote it, and ids tell how much is written to others.
    """
    if case.kind == Kind.REFUSED and case.mail.incoming_id:
        return _whole([db.session.get(IncomingMail, case.mail.incoming_id).message_id])
    if case.ticket is None or case.reader.user is None:
        return []
    user, ticket = case.reader.user.id, case.ticket.id
    got = select(OutgoingMail.id, OutgoingMail.message_id).where(
        OutgoingMail.user_id == user,
        OutgoingMail.ticket_id == ticket,
        OutgoingMail.state == OutState.SENT,
        OutgoingMail.id != case.mail.id,
    )
    sent = select(IncomingMail.id, IncomingMail.message_id).where(
        IncomingMail.person_id == user, IncomingMail.ticket_id == ticket, IncomingMail.message_id != ""
    )
    found = [row for part in (got, sent) for row in db.session.execute(_newest(part))]
    return _whole([id for _, id in sorted(map(tuple, found))])[-MOST:]


def _newest(mails):
    return mails.order_by(mails.selected_columns[0].desc()).limit(MOST)


def _whole(ids: list[str]) -> list[str]:
    return list(dict.fromkeys(filter(None, map(whole_id, ids))))
