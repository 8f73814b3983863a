"""Whatever ends the process between two steps: every mail is there once, and so is what became of it."""

import os
import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest

from informejo import db
from informejo.tickets import storage
from tests.architecture import ROOT
from tests.intake.letters import letter, mailed
from tests.server import Server

MINUTES = 4  # after which a mail that somebody began with is taken up again


@pytest.fixture
def mails(world) -> tuple[bytes, bytes]:
    """One that opens a ticket and one that answers, each with a file."""
    sent = mailed(world.ren, world.ticket())
    return (
        letter(files=(("log.txt", b"It blinks."),)),
        letter(sender="ren@example.org", in_reply_to=sent.message_id, files=(("shot.txt", b"It smokes."),)),
    )


class Desk:
    """A copy of the desk as it is now in a folder of its own."""

    def __init__(self, folder: Path, mails):
        self.folder, self.paths = folder, []
        folder.mkdir()
        db.session.remove()
        with closing(sqlite3.connect(db.engine().url.database)) as own, closing(self.open()) as copy:
            own.backup(copy)
        for number, mail in enumerate(mails):
            self.paths.append(folder / f"{number}.eml")
            self.paths[-1].write_bytes(mail)

    def open(self) -> sqlite3.Connection:
        return sqlite3.connect(self.folder / "desk.db")

    def fetch(self, die_at: int = 0, minutes: int = 0):
        """Keep and read the mails in another process, which dies at that step."""
        places = {"DATABASE_URL": f"sqlite:///{self.folder}/desk.db", "UPLOAD_DIR": str(self.folder / "files")}
        words = ["tests.intake.dying", str(die_at), str(minutes), *map(str, self.paths)]
        done = Server.commander.run(words, ROOT, dict(os.environ) | places)
        assert done.returncode in (0, -9), done.stderr
        return done

    def count(self) -> tuple:
        """The states of the mails; how many tickets, messages and files there are; how many files are not on disk."""
        with closing(self.open()) as database:
            states = [state for (state,) in database.execute("SELECT state FROM incoming_mails ORDER BY uid")]
            tables = ("tickets", "comments", "attachments")
            counts = [database.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables]
            absent = storage.compare(self.folder / "files", storage.named(database)).absent
        return states, *counts, absent


@pytest.mark.server
def test_kill_9_at_every_step_loses_no_mail_and_doubles_none(tmp_path, mails):
    steps = int(Desk(tmp_path / "alive", mails).fetch().stdout)
    assert steps >= 2 * (2 + 2 + 2 + 4)  # before and after: two files and rows of mails, two claims, two ends and files
    for step in range(1, steps + 1):
        desk = Desk(tmp_path / str(step), mails)
        assert desk.fetch(die_at=step).returncode == -9
        assert desk.count()[-1] == [], f"after step {step} a row is there without its file"
        desk.fetch(minutes=MINUTES)
        assert desk.count() == (["ticket", "reply"], 2, 1, 2, []), f"after step {step}"
        shutil.rmtree(desk.folder)


@pytest.mark.server
def test_a_mail_that_kills_whoever_reads_it_waits_for_somebody_after_the_third(tmp_path, mails):
    desk = Desk(tmp_path / "desk", mails[:1])
    for tries in range(3):  # each time directly after the claim
        assert desk.fetch(die_at=2 if tries else 6, minutes=MINUTES * tries).returncode == -9
    assert desk.count()[0] == ["new"]
    assert desk.fetch(minutes=MINUTES * 4).returncode == 0
    assert desk.count()[0] == ["quarantined"]


@pytest.mark.server
def test_two_processes_that_read_the_same_mailbox_make_everything_once(tmp_path, world):
    letters = [letter(sender=f"{number}@example.net", files=(("log.txt", b"It blinks."),)) for number in range(12)]
    desk = Desk(tmp_path / "desk", letters)
    with ThreadPoolExecutor(3) as pool:
        assert [done.returncode for done in pool.map(lambda _: desk.fetch(), range(3))] == [0, 0, 0]
    assert desk.count() == (["ticket"] * 12, 12, 0, 12, [])
