"""Raw mails for tests, how they come in, and the mails of ours that they answer."""

from email.message import EmailMessage
from itertools import count

from sqlalchemy import select

from informejo import clock, db
from informejo.intake import inbound
from informejo.mail import queries, signatures
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.signatures import MessageId, ReplyTo
from informejo.mail.words import Kind, OutState

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
_numbers = count(1)


def letter(
    sender: str = "Kim Oda <kim@example.net>",
    subject: str = "The scanner does not scan",
    text: str = "It blinks, and nothing else happens.",
    files: tuple = (),
    pictures: tuple = (),
    **headers: str,
) -> bytes:
    """A mail as people send it. `files` and `pictures` are pairs of name and bytes; `in_reply_to=` is a header."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = sender, headers.pop("to", "help@desk.example"), subject
    mail["Message-ID"] = headers.pop("message_id", f"<{next(_numbers)}@mail.example.net>")
    for name, value in headers.items():
        mail[name.replace("_", "-")] = value
    mail.set_content(text)
    if pictures:
        shown = "".join(f'<img src="cid:{name}">' for name, _ in pictures)
        mail.add_alternative(f"<p>{text}</p>{shown}", subtype="html")
        for name, content in pictures:
            related = mail.get_payload()[1]
            related.add_related(content, "image", "png", cid=f"<{name}>", filename=name, disposition="inline")
    for name, content in files:
        mail.add_attachment(content, "application", "octet-stream", filename=name)
    return mail.as_bytes()


def come(raw: bytes | None = None, mailbox: str = "help", **said) -> IncomingMail:
    """A mail comes in and is read: `raw`, or a letter that says so."""
    return inbound.take(inbound.store(raw or letter(**said), mailbox, 1, next(_numbers)))


def mailed(user, ticket, comment=None) -> OutgoingMail:
    """A mail of ours that was sent to that person about that ticket, or that message."""
    mail = OutgoingMail(
        kind=Kind.MESSAGE,
        user=user,
        address=user.email,
        ticket=ticket,
        comment=comment,
        subject=f"[#{ticket.id}] {ticket.title}",
        state=OutState.SENT,
        due_at=clock.now(),
    )
    db.session.add(mail)
    db.session.flush()
    named = MessageId("c", comment.id, mail.id) if comment else MessageId("t", ticket.id, mail.id)
    mail.message_id = signatures.message_id(queries.key(), named, "desk.example")
    db.commit()
    return mail


def reply_address(user, ticket) -> str:
    """The address to which that person's answers about that ticket go."""
    return signatures.reply_address(queries.key(), "help+@desk.example", ReplyTo(ticket.id, user.id))


def ledger() -> list[IncomingMail]:
    """Every mail that came in, in its order."""
    return list(db.session.scalars(select(IncomingMail).order_by(IncomingMail.id)))
