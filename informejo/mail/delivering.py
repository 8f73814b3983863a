"""Where a mail goes: to the server of the settings, or into the catcher; and the mail as it is handed over."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from email.message import EmailMessage
from typing import NamedTuple, Protocol

from flask import current_app

from informejo import db
from informejo.intake import mailboxes
from informejo.mail import oauth
from informejo.mail.models import CaughtMail
from informejo.mail.senders import answers_to, from_whom, greeting, sender
from informejo.mail.smtp import Line, NotFromNobody
from informejo.mail.smtp_server import Server, Unreachable
from informejo.mail.words import SENDING, Kind
from informejo.offload import offload


class Parcel(NamedTuple):
    """A mail on its way: the id of its row, until when it is claimed, and what is handed over."""

    id: int
    claimed_until: datetime
    kind: Kind
    address: str
    message: EmailMessage


class Way(Protocol):
    """What takes mails. `deliver` raises Unreachable, Refused, Later; `is_server` says whether it can fare badly."""

    is_server: bool

    def deliver(self, parcel: Parcel): ...


def known_server() -> Server:
    """The server of the settings SMTP_*."""
    settings = ("HOST", "PORT", "SECURITY", "USER", "PASSWORD")
    return Server(*(current_app.config[f"SMTP_{name}"] for name in settings), greeting())


def server() -> Server:
    """The same with what one signs in with, password or token. Raises Unreachable."""
    config, found = current_app.config, known_server()
    if not config["SMTP_OAUTH"]:
        return found
    if config["SMTP_OAUTH"] not in mailboxes.PROVIDERS or not config["SMTP_USER"]:
        raise Unreachable("SMTP_OAUTH must be google or microsoft, and SMTP_USER the account. Mails wait.")
    try:
        return found._replace(token=oauth.access_token(SENDING, config["SMTP_OAUTH"], config, sends=True))
    except oauth.NoToken as error:
        raise Unreachable(str(error)) from None


@contextmanager
def way() -> Iterator[Way | None]:
    """What takes mails by the settings; None where they wait. Raises Unreachable for settings that cannot be."""
    config = current_app.config
    if config["MAIL_CATCH"]:
        yield _Catcher()
    elif not config["SMTP_HOST"]:
        yield None
    else:
        _check_addresses()
        try:
            with Line(server()) as line:
                yield _Smtp(line)
        except Unreachable:
            oauth.forget(SENDING)
            raise


def _check_addresses():
    if not current_app.config["MAIL_FROM"]:
        raise Unreachable("MAIL_FROM is not set: nobody would know whom a mail is from. Mails wait.")
    try:
        from_whom(None)
        answers_to(None, None)
    except ValueError:
        raise Unreachable("MAIL_FROM or MAIL_REPLY_TO has no address that mail can go to. Mails wait.") from None


class _Smtp:
    is_server = True

    def __init__(self, line: Line):
        self._line = line

    def deliver(self, parcel: Parcel):
        # A refusal is sent from nobody, so that it cannot come back (RFC 3834, 3.3); of all others we want to know.
        address, raw = parcel.message["To"].address.addr_spec, offload(parcel.message.as_bytes)
        try:
            self._line.send("" if parcel.kind == Kind.REFUSED else sender(), address, raw)
        except NotFromNobody:  # then it may come back, and is read as the report that it is
            self._line.send(sender(), address, raw)


class _Catcher:
    """Keeps each mail with what is noted about it, in the transaction of whoever sends."""

    is_server = False

    def deliver(self, parcel: Parcel):
        kept = {"address": parcel.address, "subject": str(parcel.message["Subject"]), "mail_id": parcel.id}
        db.session.add(CaughtMail(raw=parcel.message.as_bytes(), **kept))
