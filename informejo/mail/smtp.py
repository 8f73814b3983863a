"""One conversation with the server that sends mail: opened once, then mail after mail; and what its answers mean."""

import smtplib

from informejo.mail.smtp_server import Server, Unreachable, connect, words_of

CLOSING = 421
TOO_LARGE = 552
TAKEN = (250, 251, 252)
SIGN_IN = (530, 534, 535, 538)  # it wants us to sign in, or to do so otherwise (RFC 4954, 6)
# What Google and Microsoft say of whoever sends: too many mails today, or none as this address.
OF_US = (b"5.4.5 ", b"5.1.90 ", b"5.2.252 ", b"5.7.60 ")
OF_POLICY = b"5.7."  # what an answer begins with that forbids something (RFC 3463, 3.8)


class Refused(Exception):
    """The server will never take this mail (RFC 5321, 4.2.1: 5yz)."""


class Later(Exception):
    """It may take this mail another time (4yz)."""


class Dropped(Later):
    """It fell silent or hung up in the middle of this mail, and may have taken it or not."""


class NotAllowed(Later):
    """It refuses whoever the mail is for, and most likely means us: we may not send from there, or have not signed in.

    Servers often say so no sooner than this. Were it the recipient's fault, it would be theirs with each mail there is.
    """


class NotFromNobody(Refused):
    """It takes no mail without a sender, though each has to (RFC 5321, 4.5.5)."""


class Line:
    """A connection to the server, opened when the first mail goes and kept until the block ends."""

    def __init__(self, server: Server):
        self.server = server
        self._smtp = None

    def __enter__(self) -> "Line":
        return self

    def __exit__(self, *_):
        if self._smtp:
            try:
                self._smtp.quit()
            except (smtplib.SMTPException, OSError):
                self._smtp.close()

    def send(self, sender: str, address: str, raw: bytes):
        """Hand over one mail. Raises Unreachable, Refused, Later, each with the server's own words."""
        self._greet(sender, raw)
        try:
            _check_recipient(*self._smtp.rcpt(address))
            _check(*self._smtp.data(raw))
        except smtplib.SMTPResponseException as no:
            self._forget_mail()
            raise _meant(no)(words_of(no, self.server)) from None
        except (smtplib.SMTPException, OSError, ValueError) as error:
            self._hang_up()
            raise Dropped(words_of(error, self.server)) from None
        except Exception:
            self._hang_up()  # or the next mail would get the answer to this one
            raise

    def _greet(self, sender: str, raw: bytes):
        """All that is the same for each mail, up to `MAIL FROM`; once more if the server had enough of a connection."""
        is_old = self._smtp is not None
        try:
            self._begin(sender, raw)
        except Unreachable:
            if not is_old:
                raise
            self._begin(sender, raw)

    def _begin(self, sender: str, raw: bytes):
        try:
            self._smtp = self._smtp or connect(self.server)
            _check(*self._smtp.mail(sender, self._size(raw)))
        except (smtplib.SMTPException, OSError, ValueError) as error:
            if meant := self._meant_of_the_mail(error, sender):
                self._forget_mail()
                raise meant(words_of(error, self.server)) from None
            self._hang_up()
            raise Unreachable(words_of(error, self.server)) from None

    def _meant_of_the_mail(self, error: Exception, sender: str) -> type[Exception] | None:
        """What the answer means where it is this mail that is not taken; None where it is the server that fails us.

        Taken for the other, one mail would have all that are younger wait for ever.
        """
        code = getattr(error, "smtp_code", 0)
        if not self._smtp or code in (0, CLOSING, *SIGN_IN):
            return None
        if not sender:
            return NotFromNobody
        if code == TOO_LARGE:
            return Refused
        try:  # without its size
            is_taken = self._smtp.rset()[0] in TAKEN and self._smtp.mail(sender)[0] in TAKEN
        except (smtplib.SMTPException, OSError):
            return None
        return (Refused if code >= 500 else Later) if is_taken else None

    def _size(self, raw: bytes) -> list[str]:
        return [f"SIZE={len(raw)}"] if self._smtp.has_extn("size") else []

    def _forget_mail(self):
        try:
            self._smtp.rset()
        except (smtplib.SMTPException, OSError):
            self._hang_up()

    def _hang_up(self):
        if self._smtp:
            self._smtp.close()
        self._smtp = None


def _meant(no: smtplib.SMTPResponseException) -> type[Exception]:
    if isinstance(no.smtp_error, str):
        return Later  # smtplib's own words for an answer that has no end
    if no.smtp_code >= 500 and no.smtp_error.startswith(OF_US):
        return Unreachable
    if isinstance(no, _Forbidden) or no.smtp_code in SIGN_IN:
        return NotAllowed
    return Refused if no.smtp_code >= 500 else Later


class _Forbidden(smtplib.SMTPResponseException):
    pass


def _check_recipient(code: int, said: bytes):
    if code >= 500 and said.startswith(OF_POLICY):
        raise _Forbidden(code, said)
    _check(code, said)


def _check(code: int, said: bytes):
    if code not in TAKEN:
        raise smtplib.SMTPResponseException(code, said)
