"""The steps of the mail check: each does one thing that sending and fetching do too, and says what it found."""

import smtplib
import socket
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from email.parser import BytesHeaderParser
from typing import NamedTuple

from flask import current_app
from sqlalchemy import and_, or_, select

from informejo import clock, db
from informejo.addresses import one_spelling
from informejo.doctor.models import State
from informejo.intake import imap, inbound, mailboxes
from informejo.intake.troubles import MailboxError, told
from informejo.mail import delivering, oauth, smtp_server
from informejo.mail.actions import queue
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.outbox import Outbox
from informejo.mail.senders import answers_to, sender
from informejo.mail.words import InState, Kind, OutState
from informejo.settings.saved import setting
from informejo.tickets import files

TAKING_SECONDS = 30  # until the server has taken the mail
WAIT_SECONDS = 60  # until it is back
LOOK_SECONDS = 2  # from one look to the next
PORT = " Is there a firewall, or is it another port? 587 with starttls and 465 with tls are usual."
HEAD = 65_536  # bytes of a mail in which its headers are looked for


Steps = tuple[tuple[str, Callable[["Trip"], "Said"], bool], ...]


class Wrong(Exception):
    """A step failed; the message says why, in plain words."""


class Said(NamedTuple):
    """What a step found. `state` is LOOK where it worked and something could be better."""

    words: str
    state: State = State.WELL


class Trip:
    """The mail on its way: by which settings, since when, which mail was sent, and which came back, by their ids."""

    def __init__(self, settings: Mapping):
        self.settings = settings
        self.began_at: datetime = clock.now()
        self.sent_id = self.back_id = 0


def _settings(trip: Trip) -> Said:
    config = trip.settings
    if config["MAIL_CATCH"]:
        raise Wrong("MAIL_CATCH is on: no mail leaves the desk. What would be sent is at /mail/caught.")
    if missing := [name for name in ("SMTP_HOST", "MAIL_FROM") if not config[name]]:
        raise Wrong(f"{' and '.join(missing)} {'is' if len(missing) == 1 else 'are'} not set, so no mail can be sent.")
    return Said(f"The mail goes to {_own_address()}, through SMTP_HOST.")


def _name(trip: Trip) -> Said:
    server = delivering.known_server(trip.settings)
    if not server.host:
        raise Wrong("SMTP_HOST is empty: no server takes our mails, so they wait.")
    try:
        found = {address[4][0] for address in socket.getaddrinfo(server.host, server.port, type=socket.SOCK_STREAM)}
    except OSError as error:
        raise Wrong(f"SMTP_HOST, {server.host}, has no address: {told(error)}. Is it spelled right?") from None
    return Said(f"{server.host} is {', '.join(sorted(found))}.")


def _connection(trip: Trip) -> Said:
    server = delivering.known_server(trip.settings)
    try:
        socket.create_connection((server.host, server.port), smtp_server.CONNECT_SECONDS).close()
    except OSError as error:
        raise Wrong(f"{server.host} does not answer at SMTP_PORT {server.port}: {told(error)}.{PORT}") from None
    return Said(f"It answers at port {server.port}.")


def _encryption(trip: Trip) -> Said:
    server = delivering.known_server(trip.settings)
    _open(server._replace(user=""))
    if server.security == "none":
        return Said("None: SMTP_SECURITY is none, and the server is on this machine.")
    return Said("TLS, with a certificate that is valid for this name.")


def _sign_in(trip: Trip) -> Said:
    if not delivering.may_sign_in(trip.settings):
        return Said(
            f"{delivering.withheld(trip.settings)} Whether it takes mails all the same, a mail shows.", State.LOOK
        )
    server = delivering.server(trip.settings)
    if not server.user:
        return Said("SMTP_USER is empty, so nobody signs in.")
    _open(server)
    return Said(f"The server knows SMTP_USER, and takes {'the token' if server.token else 'SMTP_PASSWORD'}.")


def _open(server: smtp_server.Server):
    try:
        smtp_server.connect(server).close()
    except (smtplib.SMTPException, OSError) as error:
        raise Wrong(smtp_server.words_of(error, server)) from None


def _taken(trip: Trip) -> Said:
    mail = queue(Kind.CHECK, _own_address())
    db.commit()
    trip.sent_id = mail.id
    db.session.remove()
    Outbox().send_alone(trip.sent_id)
    deadline = time.monotonic() + TAKING_SECONDS
    while (mail := db.session.get(OutgoingMail, trip.sent_id)).state in (
        OutState.WAITING,
        OutState.SENDING,
    ) and not mail.error:
        if time.monotonic() > deadline:
            raise Wrong("It was not sent in time. Look at Health: it says whether sending fails.")
        db.session.remove()
        time.sleep(LOOK_SECONDS)
    if mail.state != OutState.SENT:
        raise Wrong(f"The server did not take it: {mail.error}")
    return Said(f"The server has taken it. Its Message-Id is {mail.message_id}.")


def _mailboxes(_trip: Trip) -> Said:
    try:
        boxes = mailboxes.read(current_app.config)
    except ValueError as mistake:
        raise Wrong(str(mistake)) from None
    if not boxes:
        return Said("MAILBOXES is empty: mail comes in only where a mail server hands it to receive-mail.", State.LOOK)
    for box in boxes:
        try:
            token = oauth.access_token(box.name, box.provider, current_app.config) if box.provider else ""
            with imap.opened(box, token):
                pass
        except (MailboxError, oauth.NoToken) as error:
            raise Wrong(f"{box.name}: {error}") from None
    return Said(f"Signed in to {'; '.join(box.name for box in boxes)}.")


def _arrival(trip: Trip) -> Said:
    deadline = time.monotonic() + WAIT_SECONDS
    while True:
        for box in mailboxes.read(current_app.config):
            current_app.extensions["fetching"].fetch(box)
        inbound.take_all()
        if back := _back(trip):
            trip.back_id = back.id
            return Said(f"It came back through {back.mailbox}.")
        db.session.remove()
        if time.monotonic() > deadline:
            raise Wrong(f"It did not come back within {WAIT_SECONDS} seconds. Does mail for {_own_address()} reach that"
                        " mailbox? Does it lie among the junk? Does the server keep it for a while?")  # fmt: skip
        time.sleep(LOOK_SECONDS)


def _authentication(trip: Trip) -> Said:
    found = db.session.get(IncomingMail, trip.back_id)
    trusted, names = setting("MAIL_TRUSTED_SERVER"), _servers_in(files.read(found.stored_name))
    seen = f"The mail has results of {', '.join(names)}." if names else "The mail has no results of any server."
    if not trusted:
        return Said(f"MAIL_TRUSTED_SERVER is not set, so no sender is known for sure. {seen}", State.LOOK)
    if found.dmarc == "fail":
        raise Wrong(f"{trusted} says that DMARC fails for our own mail: others will take it for forged.")
    if found.dmarc == "pass":
        return Said(f"{trusted} says that DMARC passes.")
    return Said(f"{trusted}, as MAIL_TRUSTED_SERVER has it, says nothing about DMARC. {seen}", State.LOOK)


def _own_address() -> str:
    answers = answers_to(None, None)
    return answers.addr_spec if answers else sender()


def _back(trip: Trip) -> IncomingMail | None:
    """The mail in the ledger: by its Message-Id, or where a server gave it another one, by who sent what and when."""
    sent = db.session.get(OutgoingMail, trip.sent_id)
    alike = IncomingMail.sender == one_spelling(sender()), IncomingMail.subject == sent.subject
    same = or_(IncomingMail.message_id == sent.message_id, and_(*alike, IncomingMail.received_at >= trip.began_at))
    read = select(IncomingMail).where(same, IncomingMail.state != InState.NEW)
    return db.session.scalar(read.order_by(IncomingMail.id.desc()).limit(1))


def _servers_in(raw: bytes) -> list[str]:
    """The servers whose Authentication-Results a mail carries (RFC 8601, 2.2), whoever wrote them."""
    found = BytesHeaderParser().parsebytes(raw[:HEAD]).get_all("Authentication-Results", [])
    names = (str(text).partition(";")[0].strip() for text in found)
    # Microsoft 365 names none, and begins with its first result.
    return list(dict.fromkeys("a server that gives no name" if "=" in name else name for name in names if name))


# Each: its name, what it does, and whether it is tried although one before it failed.
TRIAL: Steps = (  # what can be tried without sending a mail
    ("Name of the mail server", _name, False),
    ("Connection", _connection, False),
    ("Encryption", _encryption, False),
    ("Sign-in", _sign_in, False),
)
STEPS: Steps = (
    ("Settings", _settings, False),
    *TRIAL,
    ("Mailboxes", _mailboxes, True),
    ("Sending", _taken, False),
    ("Arrival", _arrival, False),
    ("Authentication-Results", _authentication, False),
)
