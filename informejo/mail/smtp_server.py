"""The server that sends mail: how we connect, encrypt and sign in there, and its words without our secrets."""

import base64
import smtplib
import ssl
from typing import NamedTuple

from informejo.intake.mailboxes import is_here
from informejo.text import clean_line

CONNECT_SECONDS = 10
COMMAND_SECONDS = 30
TAKING_SECONDS = 120  # for the answer to a mail: whoever hangs up too soon sends it twice (RFC 5321, 4.5.3.2.6)
GO_ON = 354
MOST_WORDS = 500  # characters of an answer that are kept
SECURITIES = ("starttls", "tls", "none")


class Server(NamedTuple):
    """Where mail goes, and how: the settings SMTP_*. `me` is the name by which we greet."""

    host: str
    port: int
    security: str
    user: str
    password: str
    me: str
    token: str = ""  # an access token of OAuth 2, in place of the password


class Unreachable(Exception):
    """The server itself does not work for us, or the settings do not: no mail at all would get through."""


def connect(server: Server) -> smtplib.SMTP:
    """Connect, encrypt, sign in. It never goes on in the clear where TLS was asked for."""
    _check_security(server)
    kind = _Tls if server.security == "tls" else _Plain
    context = {"context": ssl.create_default_context()} if server.security == "tls" else {}
    smtp = kind(server.host, server.port, server.me, timeout=CONNECT_SECONDS, **context)
    try:
        smtp.ehlo_or_helo_if_needed()
        if server.security == "starttls":
            smtp.starttls(context=ssl.create_default_context())
            smtp.ehlo_or_helo_if_needed()
        if server.user:
            _sign_in(smtp, server)
    except BaseException:
        smtp.close()
        raise
    return smtp


def _check_security(server: Server):
    if server.security not in SECURITIES:
        raise Unreachable("SMTP_SECURITY must be starttls, tls or none.")
    if server.security == "none" and not is_here(server.host):
        raise Unreachable(
            "SMTP_SECURITY is none, and SMTP_HOST is another machine: mails and the password would go there in the"
            " clear. They wait until it is starttls or tls."
        )


def _sign_in(smtp: smtplib.SMTP, server: Server):
    if server.token:
        answers = iter([f"user={server.user}\1auth=Bearer {server.token}\1\1"])
        smtp.auth("XOAUTH2", lambda _=None: next(answers, ""))  # a refusal is a question, answered with nothing
    elif (server.user + server.password).isascii():
        smtp.login(server.user, server.password)
    else:
        _sign_in_beyond_ascii(smtp, server)


def _sign_in_beyond_ascii(smtp: smtplib.SMTP, server: Server):
    words = f"\0{server.user}\0{server.password}".encode()  # smtplib knows ASCII alone; RFC 4616 says UTF-8
    code, said = smtp.docmd("AUTH", f"PLAIN {base64.b64encode(words).decode()}")
    if code != 235:  # RFC 4954, 6
        raise smtplib.SMTPAuthenticationError(code, said)


class _Patient:
    """Its own time-outs for connecting, for each command, and for the answer to a mail."""

    def _get_socket(self, host, port, timeout):
        connected = super()._get_socket(host, port, timeout)
        connected.settimeout(COMMAND_SECONDS)
        return connected

    def data(self, msg):
        """Lines that begin with a dot get another (RFC 5321, 4.5.2), a hundred times as fast as smtplib does it."""
        code, said = self.docmd("data")
        if code != GO_ON:
            raise smtplib.SMTPDataError(code, said)
        self.sock.settimeout(TAKING_SECONDS)
        self.send((b"\n" + msg).replace(b"\n.", b"\n..")[1:])
        self.send(b".\r\n" if msg.endswith(b"\r\n") else b"\r\n.\r\n")
        answer = self.getreply()
        self.sock.settimeout(COMMAND_SECONDS)
        return answer


class _Plain(_Patient, smtplib.SMTP):
    pass


class _Tls(_Patient, smtplib.SMTP_SSL):
    pass


def words_of(error: Exception, server: Server) -> str:
    """What went wrong, as the server or the system said it, on one line and without what we sign in with."""
    where = f"{server.host}:{server.port}"
    if isinstance(error, smtplib.SMTPResponseException):
        return clean_line(f"{error.smtp_code} {_without_secrets(_text(error.smtp_error), server)}")[:MOST_WORDS]
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"The certificate of {where} is not valid: {error.verify_message}."
    if isinstance(error, TimeoutError) or "timed out" in str(error):
        return f"{where} does not answer."
    said = error.strerror if isinstance(error, OSError) else ""
    return clean_line(f"{where}: {_without_secrets(said or str(error), server)}")[:MOST_WORDS]


def _text(said: bytes | str) -> str:
    return said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)


def _without_secrets(words: str, server: Server) -> str:
    """The words without name and password, plain or as they are sent, should the server say them back."""
    secrets = [server.token, server.password, server.user]
    sent = [f"\0{server.user}\0{server.password}", *secrets]
    for secret in filter(None, [*(base64.b64encode(secret.encode()).decode() for secret in sent), *secrets]):
        words = words.replace(secret, "…")
    return words
