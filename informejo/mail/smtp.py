"""One conversation with the server that sends mail: opened once, then mail after mail; and what its answers mean."""

import smtplib

from informejo.mail.smtp_server import Server, Unreachable, connect, words_of

TOO_LARGE = 552
TAKEN = (250, 251, 252)


class Refused(Exception):
    """The server will never take this mail (RFC 5321, 4.2.1: 5yz)."""


class Later(Exception):
    """It may take this mail another time (4yz)."""


class Dropped(Later):
    """It fell silent or hung up in the middle of this mail, and may have taken it or not."""


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
            _check(*self._smtp.rcpt(address))
            _check(*self._smtp.data(raw))
        except smtplib.SMTPResponseException as no:
            self._forget_mail()
            raise (Refused if no.smtp_code >= 500 else Later)(words_of(no, self.server)) from None
        except (smtplib.SMTPException, OSError) as error:
            self._hang_up()
            raise Dropped(words_of(error, self.server)) from None

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
        except (smtplib.SMTPException, OSError, UnicodeError) as error:
            if getattr(error, "smtp_code", 0) == TOO_LARGE:
                self._forget_mail()
                raise Refused(words_of(error, self.server)) from None
            self._hang_up()
            raise Unreachable(words_of(error, self.server)) from None

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


def _check(code: int, said: bytes):
    if code not in TAKEN:
        raise smtplib.SMTPResponseException(code, said)
