"""What goes wrong with a mailbox, in one line: the server's own words, without what one signs in with."""

import ssl

import imap_tools


class MailboxError(Exception):
    """A mailbox could not be used; the message is why, in the server's own words, without names and passwords."""


def told(error: BaseException, *secrets: str) -> str:
    """What an error says, in one line, without what is secret."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"its certificate is not to be trusted: {error.verify_message}"
    words = error.command_result[1] if isinstance(error, imap_tools.UnexpectedCommandStatusError) else None
    said = b" ".join(part for part in words or () if isinstance(part, bytes)).decode(errors="replace")
    said = said or getattr(error, "strerror", None) or str(getattr(error, "orig", error)) or type(error).__name__
    for secret in filter(None, secrets):
        said = said.replace(secret, "...")
    if said.startswith("b'"):  # what imaplib makes of bytes
        said = said[2:].removesuffix("'")
    return " ".join(said.split())
