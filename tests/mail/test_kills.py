"""Whatever ends the sender between any two of its steps: nothing is lost, and what goes twice is the very same mail."""

import os
import shutil
import sqlite3
from collections import Counter
from contextlib import closing

import pytest

from informejo.mail.words import OutState
from tests.mail.post import FROM, Post
from tests.mail.sink import running
from tests.server import ROOT, Server

pytestmark = pytest.mark.server
WAIT = 11  # minutes after which a claim has run out
KILLED = -9


@pytest.fixture
def history(app, world, tmp_path):
    """A database in which something happened that people are to be told of, and nobody was yet."""
    Post(app)
    world.ticket()
    with closing(sqlite3.connect(tmp_path / "test.db")) as connection:
        connection.execute("VACUUM INTO ?", (str(tmp_path / "history.db"),))
    return tmp_path / "history.db"


def states(path) -> Counter:
    with closing(sqlite3.connect(path)) as connection:
        return Counter(state for (state,) in connection.execute("SELECT state FROM outgoing_mails"))


def work(folder, sink, step: int, minutes: int = 0):
    settings = {"DATABASE_URL": f"sqlite:///{folder}/desk.db", "UPLOAD_DIR": f"{folder}/files", "MAIL_FROM": FROM}
    settings |= {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": str(sink.port), "SMTP_SECURITY": "none"}
    return Server.commander.run(["tests.mail.killing", str(step), str(minutes)], ROOT, os.environ | settings)


def begin(history, folder, sink):
    """Have everything as it was before anybody was told."""
    for left in folder.glob("desk.db*"):
        left.unlink()
    shutil.copy(history, folder / "desk.db")
    sink.forget()


@pytest.mark.hardening("X-25", "F-20")
def test_a_sender_killed_between_any_two_steps_loses_nothing(history, tmp_path):
    twice, died = [], True
    with running() as sink:
        while died:
            begin(history, tmp_path, sink)
            died = work(tmp_path, sink, len(twice) + 1).returncode == KILLED
            taken, noted = len(sink.mails), states(tmp_path / "desk.db")[OutState.SENT]
            again = work(tmp_path, sink, 0, WAIT)
            assert again.returncode == 0, again.stderr
            assert states(tmp_path / "desk.db") == {OutState.SENT: 2}
            assert len(set(sink.ids)) == 2
            assert len(sink.ids) == 2 + taken - noted  # the one that was taken, and that nobody lived to note
            twice.append(taken - noted)
    assert set(twice) == {0, 1}
    assert len(twice) > 30
