"""A stream is whole, and its own, over every kind of connection that the server can be reached by."""

import re
import socket
import ssl
import subprocess
import time
from contextlib import contextmanager

import pytest
from sqlalchemy import text

from informejo import create_app, db, signals
from informejo.accounts import session_actions
from informejo.cookies import cookie_name
from informejo.db import commit
from tests import world as cast
from tests.live.sse import parse
from tests.server import ROOT, Server
from tests.waiting import until

pytestmark = pytest.mark.server


@pytest.fixture(scope="module", params=["plain", "tls", "unix"])
def desk(request, tmp_path_factory):
    """The server, reached in one of three ways, somebody's cookie, and a way to write a note."""
    folder = tmp_path_factory.mktemp(request.param)
    server = Server(folder)
    reach = {
        "plain": lambda: serve_plain(server, folder),
        "tls": lambda: serve_tls(server, folder),
        "unix": lambda: serve_file(server, folder),
    }
    way = reach[request.param]()
    server.upgrade()
    server.spawn()
    until(way.is_open)
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR", "PUBLIC_URL")})
    for signal, name in ((signals.recorded, "ring"), (signals.noticed, "notice")):
        signal.disconnect(getattr(app.extensions["broadcast"], name))
    with app.test_request_context():
        db.session.execute(text("DELETE FROM log_epoch"))
        world = cast.populate()
        ticket = world.ticket()
        cookie = f"{cookie_name()}={session_actions.start_session(world.mia, 'test')}"
        commit()
        yield Desk(way, cookie, lambda text: world.note(ticket, text))
        db.session.rollback()
        db.engine().dispose()
    server.stop()


class Way:
    """How the server is reached: TCP on loopback, as it stands."""

    def __init__(self, server: Server):
        self.server = server

    def connect(self) -> socket.socket:
        return socket.create_connection(("127.0.0.1", self.server.port), timeout=20)

    def is_open(self) -> bool:
        try:
            with self.connect():
                return True
        except OSError:
            return False


class WithTls(Way):
    def connect(self):
        return ssl._create_unverified_context().wrap_socket(super().connect())


class ThroughFile(Way):
    """A UNIX socket: a proxy on the same machine can reach the server by a path."""

    def __init__(self, server: Server, path):
        super().__init__(server)
        self.path = str(path)

    def connect(self):
        connection = socket.socket(socket.AF_UNIX)
        connection.settimeout(20)
        try:
            connection.connect(self.path)
        except OSError:
            connection.close()
            raise
        return connection


class Desk:
    def __init__(self, way, cookie, note):
        self.way, self.cookie, self.note = way, cookie, note

    @contextmanager
    def say(self, *lines: str):
        """A connection on which these lines were said."""
        with self.way.connect() as connection:
            connection.sendall("\r\n".join((*lines, "")).encode())
            yield connection

    def ask(self, version: str = "HTTP/1.1", path: str = "/live") -> tuple[str, ...]:
        """The lines that ask for a stream on the first ticket."""
        return (f"GET {path}?on=ticket:1 {version}", "Host: localhost", f"Cookie: {self.cookie}", "")


def serve_plain(server: Server, folder) -> Way:
    configure(server, folder, "UNREAD_MS = 1500")
    return Way(server)


def serve_tls(server: Server, folder) -> Way:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=localhost"]
    subprocess.run([*make, "-keyout", key, "-out", certificate], check=True, capture_output=True)
    configure(server, folder, f"certfile, keyfile = {str(certificate)!r}, {str(key)!r}")
    return WithTls(server)


def serve_file(server: Server, folder) -> Way:
    way = ThroughFile(server, folder / "desk.sock")
    configure(server, folder, f"bind = 'unix:{way.path}'")
    return way


def configure(server: Server, folder, line: str):
    """The shipped configuration of gunicorn, and one line more."""
    configuration = folder / "gunicorn.conf.py"
    shipped = (ROOT / "gunicorn.conf.py").read_text(encoding="utf-8")
    configuration.write_text(f"{shipped}\n{line}\n", encoding="utf-8")
    server.configuration = str(configuration)


def is_cut(connection: socket.socket) -> bool:
    """Whether the other side has given it up, which shows without reading when more is sent."""
    try:
        return not connection.send(b" ")
    except ConnectionError:
        return True


def read_until(connection, pattern: bytes) -> bytes:
    heard = b""
    while not re.search(pattern, heard, re.DOTALL):
        part = connection.recv(65536)
        assert part, heard
        heard += part
    return heard


@pytest.mark.parametrize("version", ["HTTP/1.1", "HTTP/1.0"])
def test_a_note_arrives_whole_over_every_kind_of_connection(desk, version):
    with desk.say(*desk.ask(version)) as connection:
        heard = read_until(connection, b"event: ready")
        desk.note(f"over {version}")
        heard += read_until(connection, rf"over {version}.*</hx-partial>\n\n".encode())
    head, _, body = heard.partition(b"\r\n\r\n")
    assert b" 200 " in head.splitlines()[0]
    if b"chunked" in head.lower():
        body = b"".join(re.findall(rb"[0-9a-fA-F]+\r\n(.*?\n\n)\r\n", body, re.DOTALL))
    assert any(f"over {version}" in message.data for message in parse(body))


def test_what_was_sent_ahead_is_no_part_of_the_stream_and_disturbs_nobody(desk):
    ahead = ("GET /sign-in HTTP/1.1", "Host: localhost", "")
    with desk.say(*desk.ask(), *ahead) as hasty, desk.say(*desk.ask()) as other:
        streams = [read_until(one, b"event: ready") for one in (hasty, other)]
        desk.note("for both")
        streams = [heard + read_until(one, b"for both") for heard, one in zip(streams, (hasty, other), strict=True)]
    assert [heard.count(b"HTTP/1.1 200") for heard in streams] == [1, 1]
    assert [heard.lower().count(b"\r\nconnection: close\r\n") for heard in streams] == [1, 1]  # and that is said


def test_a_topic_in_two_spellings_harms_nobody(desk):
    """Leaving such a stream once ended the heartbeat of all."""
    respelt = (desk.ask()[0].replace("ticket:1", "ticket:1&on=ticket:01"), *desk.ask()[1:])
    with desk.say(*respelt) as refused:
        assert b" 404 " in read_until(refused, b"}")
    twice = (desk.ask()[0].replace("ticket:1", "ticket:1&on=ticket:1"), *desk.ask()[1:])
    with desk.say(*desk.ask()) as other:
        with desk.say(*twice) as double:
            read_until(double, b"event: ready")
        read_until(other, b"event: ready")
        read_until(other, b"event: beat")
        desk.note("still heard")
        read_until(other, b"still heard")


@pytest.mark.parametrize("desk", ["plain"], indirect=True)
def test_whoever_reads_none_of_their_answers_is_given_up_and_a_slow_reader_is_not(desk):
    ask = b"GET /static/vendor/htmx.min.js HTTP/1.1\r\nHost: localhost\r\n\r\n"
    with socket.socket() as deaf, desk.way.connect() as slow:
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        deaf.connect(slow.getpeername())
        deaf.sendall(200 * ask)  # more than the kernel takes on for a reader
        slow.sendall(40 * ask)
        heard = b""
        while not is_cut(deaf):
            heard += slow.recv(8192)
            time.sleep(0.02)
        while heard.count(b"HTTP/1.1 200") < 40:
            heard += slow.recv(65536)


@pytest.mark.parametrize("path", ["//live", "/%6Cive", "/%6C%69ve", "http://localhost/live"])
def test_a_stream_by_any_spelling_of_its_address_says_that_its_connection_ends(desk, path):
    with desk.say(*desk.ask(path=path)) as connection:
        head = read_until(connection, b"\r\n\r\n").partition(b"\r\n\r\n")[0].lower()
    assert b"text/event-stream" in head
    assert b"\r\nconnection: close" in head
