"""A real mail server on this machine that keeps what it takes, and answers as it is told to."""

import asyncio
import ssl
import subprocess
import threading
import warnings
from contextlib import contextmanager
from email import message_from_bytes
from email.message import EmailMessage
from email.policy import SMTP
from pathlib import Path

from aiosmtpd import smtp
from aiosmtpd.controller import Controller

from tests.ports import free_port

SIZE = 33_554_432


class _Conversation(smtp.SMTP):
    """One that is in its sink's `open` for as long as it lasts."""

    def connection_made(self, transport):
        self.event_handler.open.add(self)
        super().connection_made(transport)

    def connection_lost(self, error):
        super().connection_lost(error)
        self.event_handler.open.discard(self)


class Sink:
    """`mails` are those it took, in order, each as (addresses, message). `answers` is what it says at a stage:
    `MAIL`, `RCPT` or `DATA` -> an answer, or a function of the address; `drop` and `silence` are stages too."""

    def __init__(self):
        self.mails: list[tuple[list[str], EmailMessage]] = []
        self.raw: list[bytes] = []
        self.senders: list[str] = []
        self.answers: dict[str, object] = {}
        self.hosts: list[str] = []  # the names by which it was greeted
        self.port = 0
        self.open: set[smtp.SMTP] = set()  # conversations that are not over: what one holds may still be taken
        self.closing = threading.Event()

    @property
    def connections(self) -> int:
        return len(self.hosts)

    @property
    def ids(self) -> list[str]:
        return [message["Message-Id"] for _, message in self.mails]

    @property
    def to(self) -> list[str]:
        return [address for addresses, _ in self.mails for address in addresses]

    @property
    def last(self) -> EmailMessage | None:
        return self.mails[-1][1] if self.mails else None

    def forget(self):
        """As if it had taken nothing yet."""
        for kept in (self.mails, self.raw, self.senders, self.hosts):
            kept.clear()

    # What aiosmtpd calls.

    async def handle_EHLO(self, server, session, envelope, hostname, responses):  # noqa: N802
        self.hosts.append(hostname)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, options):  # noqa: N802
        return await self._answer("MAIL", server, address) or self._keep_sender(envelope, address, options)

    async def handle_RCPT(self, server, session, envelope, address, options):  # noqa: N802
        if answer := await self._answer("RCPT", server, address):
            return answer
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):  # noqa: N802
        if answer := await self._answer("DATA", server, envelope.rcpt_tos[0]):
            return answer
        self.raw.append(envelope.original_content)
        self.senders.append(envelope.mail_from)
        self.mails.append((list(envelope.rcpt_tos), message_from_bytes(envelope.original_content, policy=SMTP)))
        return await self._answer("TAKEN", server, envelope.rcpt_tos[0]) or "250 OK"

    def _keep_sender(self, envelope, address, options):
        envelope.mail_from = address or ""
        envelope.mail_options.extend(options)
        return "250 OK"

    async def _answer(self, stage: str, server, address: str) -> str | None:
        answer = self.answers.get(stage)
        answer = answer(address) if callable(answer) else answer
        if answer == "drop":
            server.transport.abort()
        elif answer == "silence":
            while not self.closing.is_set():
                await asyncio.sleep(0.02)
            server.transport.abort()
        return answer


@contextmanager
def running(sink: Sink | None = None, *, port: int = 0, tls: bool = False, context=None, users=None, **protocol):
    """A server for the block; `context` offers STARTTLS, or with `tls` speaks TLS at once; `users` may sign in."""
    sink = sink or Sink()
    sink.port, sink.closing = port or sink.port or free_port(), threading.Event()

    def sign_in(server, session, envelope, mechanism, data):
        known = (users or {}).get(data.login.decode()) == data.password.decode()
        return smtp.AuthResult(success=known, handled=known)

    options = (
        {"authenticator": sign_in, "auth_required": True, "auth_require_tls": bool(context) and not tls}
        if users
        else {}
    )
    if context and not tls:
        options |= {"tls_context": context, "require_starttls": True}

    class _Controller(Controller):
        def factory(self):
            return _Conversation(self.handler, data_size_limit=SIZE, **options, **protocol)

    warnings.filterwarnings("ignore", "Requiring AUTH while not requiring TLS")  # it is for loopback only
    controller = _Controller(sink, hostname="127.0.0.1", port=sink.port, ssl_context=context if tls else None)
    controller.start()
    try:
        yield sink
    finally:
        sink.closing.set()
        controller.stop()


def certificate(folder: Path, name: str = "localhost") -> tuple[ssl.SSLContext, str]:
    """A context with a certificate for that name that signs itself, and the file with it for whoever trusts it."""
    key, made = folder / f"{name}.key", folder / f"{name}.pem"
    words = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", f"/CN={name}"]
    words += ["-addext", f"subjectAltName=DNS:{name}", "-keyout", key, "-out", made]
    subprocess.run(["openssl", *words], check=True, capture_output=True)
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(made, key)
    return context, str(made)
