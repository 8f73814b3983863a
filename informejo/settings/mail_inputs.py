"""What may be set about mail, none of it a secret, and how each setting is asked for."""

import re
from email.utils import parseaddr
from typing import Literal

from pydantic import ValidationInfo, field_validator

from informejo.addresses import ADDRESS
from informejo.inputs import Input, line, problem, prose, whole
from informejo.intake.mailboxes import is_here
from informejo.limits import Length
from informejo.mail.fields import mailbox
from informejo.settings.inputs import Field, Form

_TEXT = Length(0, 1_000)
_NAME = Length(0, 253)  # RFC 1035, 2.3.4
_LONG = Length(0, 320)
_HOST = re.compile(r"[\w.-]+|\[?[0-9A-Fa-f:.]+\]?")  # a name, in any script, or an address
GROUPS = {
    "How mails go out": (
        Field("SMTP_HOST", "Mail server", "As smtp.example.org. Empty: mails wait.", is_optional=True),
        Field("SMTP_PORT", "Port of the mail server", "587 goes with STARTTLS, 465 with TLS.", "number"),
        Field(
            "SMTP_SECURITY",
            "Encryption to the mail server",
            choices=[
                ("starttls", "STARTTLS"),
                ("tls", "TLS from the beginning"),
                ("none", "None, on this machine only"),
            ],
        ),
        Field("SMTP_USER", "Name to sign in at the mail server", "Empty: nobody signs in.", is_optional=True),
    ),
    "Whom mails are from": (
        Field("MAIL_FROM", "From", "As Help desk <help@example.org>. Empty: mails wait.", is_optional=True),
        Field(
            "MAIL_REPLY_TO",
            "Where answers go",
            "Empty: where the mail is from. With a plus, as help+@example.org, each ticket gets an address of its own.",
            is_optional=True,
        ),
        Field("MAIL_FOOTER", "Words at the end of every mail", kind="prose"),
        Field(
            "REMINDER_DAYS", "Days after which a requester is reminded that we wait for them", "0 for never.", "number"
        ),
    ),
    "What comes in": (
        Field("MAIL_POLL_SECONDS", "Seconds from one look into the mailboxes to the next", kind="number"),
        Field("MAIL_LARGEST", "Largest mail that is taken, in bytes", "Whoever sends a larger one is told.", "number"),
        Field(
            "MAIL_TRUSTED_SERVER",
            "Name of the server that checks senders for us",
            "As it stands in Authentication-Results. What it says of a sender is believed, so name no other.",
            is_optional=True,
        ),
    ),
}


class MailSettings(Input):
    """All of them, each within its bounds."""

    SMTP_HOST: line(_NAME, "a name") = ""
    SMTP_PORT: whole(1, 65_535, "a port")
    SMTP_SECURITY: Literal["starttls", "tls", "none"]
    SMTP_USER: line(_LONG, "a name") = ""
    MAIL_FROM: line(_LONG, "an address") = ""
    MAIL_REPLY_TO: line(_LONG, "an address") = ""
    MAIL_FOOTER: prose(_TEXT, "a footer") = ""
    REMINDER_DAYS: whole(0, 365, "days")
    MAIL_POLL_SECONDS: whole(1, 3_600, "seconds")
    MAIL_LARGEST: whole(10_000, 1_000_000_000, "bytes")
    MAIL_TRUSTED_SERVER: line(_NAME, "a name") = ""

    @field_validator("SMTP_HOST", "MAIL_TRUSTED_SERVER")
    @classmethod
    def host(cls, text: str) -> str:
        if text and not _HOST.fullmatch(text):
            raise problem("Write the name of a server alone, such as smtp.example.org.")
        return text

    @field_validator("SMTP_SECURITY")
    @classmethod
    def secure(cls, word: str, info: ValidationInfo) -> str:
        if word == "none" and not is_here(info.data.get("SMTP_HOST") or "localhost"):
            raise problem("Without encryption mails go to a server on this machine only: choose STARTTLS or TLS.")
        return word

    @field_validator("MAIL_FROM", "MAIL_REPLY_TO")
    @classmethod
    def address(cls, text: str) -> str:
        name, address = parseaddr(text)
        if text and not (ADDRESS.fullmatch(address) and _can_be_written_to(name, address)):
            raise problem("Write an address that mail can go to, such as Help desk <help@example.org>.")
        return text


MAIL_FORM = Form(GROUPS, MailSettings)


def _can_be_written_to(name: str, address: str) -> bool:
    try:
        return bool(mailbox(name, address.replace("+@", "@")))
    except ValueError:
        return False
