"""Mails that are too large to be taken: their head is kept, and whoever sent one is told why."""

from contextlib import suppress

from informejo.intake.judging_queries import facts_of, own_addresses
from informejo.mail.actions import queue
from informejo.mail.models import IncomingMail
from informejo.mail.words import InState, Kind
from informejo.mime import guards, parsing
from informejo.settings.saved import setting
from informejo.text import file_size

HEAD = 64 * 1024  # bytes that are kept


def head(raw: bytes) -> bytes:
    """The head of a mail, and no more than HEAD of it."""
    ends = [place for end in (b"\r\n\r\n", b"\n\n") if (place := raw.find(end, 0, HEAD)) >= 0]
    return raw[: min(ends, default=HEAD)]


def refuse(mail: IncomingMail, kept: bytes, size: int):
    """Write down that it is too large, and have its sender told, unless it is a machine or we ourselves."""
    mail.state = InState.REFUSED
    most = file_size(setting("MAIL_LARGEST"))
    mail.reason = f"It has {file_size(size)}, and {most} are the most that is taken. Only its head was kept."
    with suppress(parsing.Unreadable):
        parsed = parsing.parse(kept)
        for name, value in facts_of(parsed, kept).items():
            setattr(mail, name, value)
        silent = mail.automatic or mail.dmarc == "fail" or guards.is_loop(parsed, own_addresses())
        if parsed.sender and not silent and queue(Kind.REFUSED, parsed.sender, incoming=mail):
            mail.reason += " Its sender is told so by mail."
