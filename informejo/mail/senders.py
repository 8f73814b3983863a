"""The desk's own addresses: whom mails are from, where answers go, and where links lead."""

from email.headerregistry import Address
from email.utils import parseaddr
from ipaddress import ip_address
from urllib.parse import urlsplit

from flask import current_app

from informejo.accounts.models import User
from informejo.mail.fields import mailbox
from informejo.mail.queries import key
from informejo.mail.signatures import ReplyTo, confirmation, reply_address
from informejo.settings.queries import setting

NAME = "Help desk"
UNNAMED = "Informejo"  # the name of a desk that nobody named


def public() -> str:
    """What every link in a mail begins with: the setting alone, never what a request said (hardening W-05)."""
    return current_app.config["PUBLIC_URL"].rstrip("/")


def confirmation_link(user: User) -> str:
    """With which whoever reads it says that this person's address is theirs, without signing in."""
    return f"{public()}/mail/confirm/{confirmation(key(), user.id, user.email)}"


def desk_name() -> str:
    """What the desk is called: as it was set, else as MAIL_FROM says."""
    if setting("DESK_NAME") != UNNAMED:
        return setting("DESK_NAME")
    return parseaddr(setting("MAIL_FROM"))[0] or NAME


def sender() -> str:
    """The address that mails are from; without the setting one that at least looks like it, for those never sent."""
    host = _host()
    return parseaddr(setting("MAIL_FROM"))[1] or f"help-desk@{host if ':' not in host else 'localhost'}"


def domain() -> str:
    """What stands behind the @ of our Message-Ids."""
    return sender().rpartition("@")[2]


def greeting() -> str:
    """The name by which we greet a mail server (RFC 5321, 4.1.3: an address stands in brackets)."""
    host = _host()
    try:
        return f"[{'IPv6:' if ip_address(host).version == 6 else ''}{host}]"
    except ValueError:
        return host


def from_whom(author: User | None) -> Address:
    """The desk, and of an answer who of the staff wrote it. What others call themselves never stands there."""
    name = f"{author.name} ({desk_name()})" if author and author.is_staff else desk_name()
    return mailbox(name, sender())


def answers_to(ticket_id: int | None, user_id: int | None) -> Address | None:
    """Where an answer goes; None when it is where the mail comes from anyway."""
    address = parseaddr(setting("MAIL_REPLY_TO"))[1]
    if not address:
        return None
    if ticket_id and user_id:
        address = reply_address(key(), address, ReplyTo(ticket_id, user_id))
    local, _, host = address.rpartition("@")
    return mailbox(desk_name(), f"{local.removesuffix('+')}@{host}")


def _host() -> str:
    return urlsplit(current_app.config["PUBLIC_URL"]).hostname or "localhost"
