"""Where a mail goes: to the server of the settings, or into the catcher; and the mail as it is handed over."""

from collections.abc import Iterator, Mapping
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
from informejo.settings.saved import all_settings, setting

MAIL_PORTS = (25, 465, 587)  # no account but a machine's own can listen there


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


def may_sign_in(settings: Mapping) -> bool:
    """Whether the server of the settings gets what the environment has for signing in, password or token.

    They are for the host that the environment names, at its port or one that belongs to mail alone. Where mail goes an
    administrator may change in a page: nobody shall have the password sent to a server of their own that way.
    """
    own = current_app.config
    if not (own["SMTP_PASSWORD"] or own["SMTP_OAUTH"]):
        return True  # there is nothing to keep
    ports = {own["SMTP_PORT"], *MAIL_PORTS}
    return _host(settings) == _host(own) != "" and settings["SMTP_PORT"] in ports


def withheld(settings: Mapping) -> str:
    """Why nobody signs in at that server."""
    own = current_app.config
    what = "The tokens of SMTP_OAUTH are" if own["SMTP_OAUTH"] else "SMTP_PASSWORD is"
    whose = (
        f"for {own['SMTP_HOST']} alone" if own["SMTP_HOST"] else "for the SMTP_HOST of the environment, which is empty"
    )
    return f"{what} {whose}, so nobody signs in at {settings['SMTP_HOST']}:{settings['SMTP_PORT']}."


def known_server(settings: Mapping) -> Server:
    """The server of the settings SMTP_*; nobody signs in at one that the password is not for."""
    names = ("SMTP_HOST", "SMTP_PORT", "SMTP_SECURITY", "SMTP_USER", "SMTP_PASSWORD")
    found = Server(*(settings[name] for name in names), greeting())
    return found if may_sign_in(settings) else found._replace(user="", password="")


def server(settings: Mapping) -> Server:
    """The same with what one signs in with, password or token. Raises Unreachable."""
    config, found = current_app.config, known_server(settings)
    if not config["SMTP_OAUTH"] or not may_sign_in(settings):
        return found
    if config["SMTP_OAUTH"] not in mailboxes.PROVIDERS or not found.user:
        raise Unreachable("SMTP_OAUTH must be google or microsoft, and SMTP_USER the account. Mails wait.")
    try:
        return found._replace(token=oauth.access_token(SENDING, config["SMTP_OAUTH"], config, sends=True))
    except oauth.NoToken as error:
        raise Unreachable(str(error)) from None


@contextmanager
def way() -> Iterator[Way | None]:
    """What takes mails by the settings; None where they wait. Raises Unreachable for settings that cannot be."""
    settings = all_settings()
    if settings["MAIL_CATCH"]:
        yield _Catcher()
    elif not settings["SMTP_HOST"]:
        yield None
    else:
        _check_addresses()
        try:
            with Line(server(settings)) as line:
                yield _Smtp(line)
        except Unreachable:
            oauth.forget(SENDING)
            raise


def _host(settings: Mapping) -> str:
    return settings["SMTP_HOST"].lower().rstrip(".")


def _check_addresses():
    if not setting("MAIL_FROM"):
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
