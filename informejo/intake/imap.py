"""A connection to one mailbox: every step has a time-out, and what goes wrong is one error with the server's words."""

import imaplib
import re
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from typing import NamedTuple

import imap_tools

from informejo.intake.mailboxes import Mailbox
from informejo.intake.troubles import MailboxError, told

PIECE = 65_536  # bytes that are read before others are let on
STEP_SECONDS = 30  # for each read from the network, and each write to it
MOST_HEADERS = 262_144  # bytes of a mail that is too large itself
_UID, _SIZE = re.compile(rb"UID (\d+)"), re.compile(rb"RFC822\.SIZE (\d+)")
_TROUBLES = (OSError, EOFError, ValueError, imaplib.IMAP4.error, imap_tools.ImapToolsError)  # OSError has ssl's too


class Declined(imaplib.IMAP4.error):
    """The server said NO to one thing; the next may go well."""


class Lying(NamedTuple):
    """A mail that lies in a mailbox: its number there, and its size in bytes as the server says."""

    uid: int
    size: int


class Line:
    """A connection as somebody else can cut it: a server that sends a byte now and then keeps no time-out."""

    def __init__(self):
        self._end: socket.socket | None = None
        self.is_cut = False

    def begin(self, end: socket.socket):
        """Here it is. Whoever cut it before it began is heard too."""
        self._end = end.dup()
        if self.is_cut:
            self.cut()

    def cut(self):
        """Whoever waits for it gets an error now."""
        self.is_cut = True
        if self._end:
            with suppress(OSError):
                self._end.shutdown(socket.SHUT_RDWR)

    def close(self):
        """It is over, by whatever end."""
        if self._end:
            self._end.close()


class Opened:
    """A mailbox that is signed in to, with its folder chosen."""

    def __init__(self, connection: imap_tools.BaseMailBox):
        self._client = connection.client
        self.uid_validity = int(self._client.response("UIDVALIDITY")[1][-1] or 0)
        # What it could do before one signed in, which imaplib remembers, is less.
        self._can = _require_ok(self._client.capability())[-1].decode().upper().split()

    def uids(self) -> list[int]:
        """All mails in it, the oldest first."""
        [found] = self._ask("SEARCH", "ALL")[:1]
        return sorted(map(int, (found or b"").split()))

    def sizes(self, uids: Sequence[int]) -> list[Lying]:
        """How large these are, those of them that are still there, the oldest first."""
        if not uids:
            return []
        told = [line for line in self._ask("FETCH", _joined(uids), "(UID RFC822.SIZE)") if isinstance(line, bytes)]
        found = [(_UID.search(line), _SIZE.search(line)) for line in told]
        return sorted(Lying(int(uid[1]), int(size[1])) for uid, size in found if uid and size)

    def mail(self, uid: int) -> bytes | None:
        """It as it is, byte by byte; None when it is not there any more. It does not count as read by that."""
        return self._literal(uid, "(BODY.PEEK[])")

    def headers(self, uid: int) -> bytes | None:
        """The first MOST_HEADERS bytes of its headers."""
        return self._literal(uid, f"(BODY.PEEK[HEADER]<0.{MOST_HEADERS}>)")

    def remove(self, uids: Sequence[int]):
        """Take these out of the mailbox, and no others where the server can do that (UIDPLUS, RFC 4315)."""
        if not uids:
            return
        self._ask("STORE", _joined(uids), "+FLAGS.SILENT", r"(\Deleted)")
        if "UIDPLUS" in self._can:
            self._ask("EXPUNGE", _joined(uids))
        else:
            _require_ok(self._client.expunge())

    def _literal(self, uid: int, what: str) -> bytes | None:
        answer = self._ask("FETCH", str(uid), what)
        return next((part[1] for part in answer if isinstance(part, tuple)), None)

    def _ask(self, *words: str) -> list:
        return _require_ok(self._client.uid(*words))


@contextmanager
def opened(box: Mailbox, token: str = "", line: Line | None = None) -> Iterator[Opened]:
    """The mailbox, as long as the block lasts. `token` is an access token where it is signed in to with one.

    `line` is the connection, for whoever wants to cut it. Raises MailboxError, also for what goes wrong in the block
    with the connection.
    """
    line = line or Line()
    with _in_own_words(box, token), closing(line):
        connection = _Plain(box, line) if not box.tls else _Secure(box, line)
        try:
            _sign_in(connection, box, token)
            connection.folder.set(box.folder)
            yield Opened(connection)
        except BaseException:
            with suppress(*_TROUBLES):
                connection.client.shutdown()  # to say good-bye would wait for an answer
            raise
        with suppress(*_TROUBLES):
            connection.client.logout()


class _Client(imaplib.IMAP4):
    def __init__(self, box: Mailbox, line: Line):
        self._line = line
        super().__init__(box.host, box.port, timeout=STEP_SECONDS)

    def _create_socket(self, timeout):
        end = imaplib.IMAP4._create_socket(self, timeout)
        self._line.begin(end)
        return end

    def read(self, size):
        """In pieces: what has arrived already would be read in one go, and nobody else on the event loop served."""
        pieces = []
        while size > 0 and (piece := self.file.read(min(size, PIECE))):
            pieces.append(piece)
            size -= len(piece)
            time.sleep(0)
        return b"".join(pieces)


class _SecureClient(_Client):
    def _create_socket(self, timeout):
        context = ssl.create_default_context()  # imaplib by itself would believe any certificate
        return context.wrap_socket(super()._create_socket(timeout), server_hostname=self.host)


class _Plain(imap_tools.BaseMailBox):
    client_class = _Client

    def __init__(self, box: Mailbox, line: Line):
        self._make = lambda: self.client_class(box, line)
        super().__init__()

    def _get_mailbox_client(self) -> imaplib.IMAP4:
        return self._make()


class _Secure(_Plain):
    client_class = _SecureClient


def _sign_in(connection: imap_tools.BaseMailBox, box: Mailbox, token: str):
    client = connection.client
    if not token:
        plain = f"\0{box.user}\0{box.password}".encode()
        if box.user.isascii() and box.password.isascii():
            connection.login(box.user, box.password, initial_folder=None)
        else:
            _require_ok(client.authenticate("PLAIN", lambda _: plain))
        return
    answers = iter([f"user={box.user}\1auth=Bearer {token}\1\1".encode()])
    # A refusal is a second question, which is answered with nothing (Google, Microsoft: SASL XOAUTH2).
    _require_ok(client.authenticate("XOAUTH2", lambda _: next(answers, b"")))


def _require_ok(answer: tuple[str, list]) -> list:
    kind, parts = answer
    if kind != "OK":
        raise Declined(b" ".join(part for part in parts if isinstance(part, bytes)).decode(errors="replace"))
    return parts


@contextmanager
def _in_own_words(box: Mailbox, token: str) -> Iterator[None]:
    try:
        yield
    except MailboxError:
        raise
    except _TROUBLES as error:
        raise MailboxError(told(error, box.password, token, box.user)) from error


def _joined(uids: Sequence[int]) -> str:
    return ",".join(map(str, uids))
