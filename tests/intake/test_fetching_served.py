"""Fetching in the real server: mails become tickets while it serves, over kills, and beside mail servers that hang."""

import re
import sqlite3
from contextlib import closing, contextmanager
from urllib.request import urlopen

import pytest

from tests.intake import dovecot as imap
from tests.intake.servers import Silent
from tests.server import Server
from tests.waiting import until

pytestmark = pytest.mark.server


@pytest.fixture
def dovecot():
    with imap.running() as running:
        yield running


@contextmanager
def served(folder, **settings):
    server = Server(folder, MAIL_POLL_SECONDS=1, MAIL_FROM="help@example.org", **settings)
    server.upgrade()
    server.start()
    try:
        yield server
    finally:
        server.stop()


def ask(server: Server, statement: str) -> list:
    path = server.settings["DATABASE_URL"].removeprefix("sqlite:///")
    with closing(sqlite3.connect(path, timeout=20)) as database, database:
        return database.execute(statement).fetchall()


def let_time_pass(server: Server):
    """So much that nobody takes the dead worker for one that is still at it, neither fetching nor reading."""
    long_ago = "'2000-01-01 00:00:00.000000'"
    ask(server, f"UPDATE leases SET until = {long_ago}")
    ask(server, f"UPDATE incoming_mails SET claimed_until = {long_ago} WHERE claimed_until IS NOT NULL")


def mail(number: int, size: int = 0) -> bytes:
    head = f"From: ren{number}@example.com\r\nSubject: Mail {number}\r\nMessage-ID: <{number}@example.com>\r\n\r\n"
    return f"{head}It is number {number}.\r\n".encode() + (b"x" * 70 + b"\r\n") * (size // 72)


def tickets(server: Server) -> list[str]:
    return [title for (title,) in ask(server, "SELECT title FROM tickets ORDER BY id")]


def test_mails_become_tickets_once_each_though_the_worker_is_killed_again_and_again(tmp_path, dovecot):
    with served(tmp_path, MAILBOXES=dovecot.setting()) as server:
        for start in range(0, 40, 10):
            dovecot.deliver(*[mail(number) for number in range(start, start + 10)])
            until(lambda start=start: len(tickets(server)) > start)
            worker = server.worker
            server.kill_worker()
            until(lambda worker=worker: server.worker not in (0, worker))
            let_time_pass(server)
        until(lambda: len(tickets(server)) >= 40, seconds=60)
        until(lambda: dovecot.left() == 0)
        assert sorted(tickets(server)) == sorted(f"Mail {number}" for number in range(40))


def test_a_mail_server_that_hangs_keeps_nobody_waiting(tmp_path):
    silent = Silent(b"* OK hello\r\n")
    mailbox = f"imap://help:word@127.0.0.1:{silent.port}"
    with silent, served(tmp_path, MAILBOXES=mailbox) as server:
        until(lambda: silent.talks)
        with urlopen(f"{server.address}/sign-in", timeout=5) as page:
            assert page.status == 200


def test_a_mail_of_fifty_megabytes_comes_in_while_pages_are_served(tmp_path, dovecot, record_property):
    with served(tmp_path, MAILBOXES=dovecot.setting()) as server:
        dovecot.deliver(mail(1, size=50_000_000))
        until(lambda: tickets(server) == ["Mail 1"], seconds=60)
        with urlopen(f"{server.address}/metrics", timeout=20) as page:
            found = re.search(r"^informejo_loop_gap_ever_seconds (\S+)", page.read().decode(), re.MULTILINE)
    record_property("s, longest gap of the loop while 50 MB came in", float(found[1]))
