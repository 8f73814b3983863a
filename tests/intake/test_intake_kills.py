"""Whatever ends the process between two steps: every mail is there once, and so is what became of it."""

import os
import shutil
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import func, select

from informejo import clock, db
from informejo.intake import inbound
from informejo.mail.models import IncomingMail
from informejo.tickets import storage
from informejo.tickets.models import Attachment, Comment, Ticket
from tests.architecture import ROOT
from tests.database import Beginning
from tests.intake.letters import ledger, letter, mailed
from tests.server import Server

LATER = timedelta(minutes=4)  # when a mail that somebody began with is taken up again


class Desk:
    """The desk of the test, which begins again as it was, and mails that lie in a mailbox."""

    def __init__(self, app, folder: Path, mails):
        self.database, self.files, self.mails = folder / "test.db", Path(app.config["UPLOAD_DIR"]), mails
        self.paths = [folder / f"{number}.eml" for number in range(len(mails))]
        for path, mail in zip(self.paths, mails, strict=True):
            path.write_bytes(mail)
        self.beginning = Beginning(self.database)

    def begin(self):
        self.beginning.come_back()
        shutil.rmtree(self.files, ignore_errors=True)

    def fetch(self, die_at: int = 0, later: timedelta = timedelta(0)):
        """Keep and read the mails in another process, which dies at that step."""
        places = {"DATABASE_URL": f"sqlite:///{self.database}", "UPLOAD_DIR": str(self.files)}
        words = ["tests.intake.dying", str(die_at), str(later // timedelta(minutes=1)), *map(str, self.paths)]
        done = Server.commander.run(words, ROOT, dict(os.environ) | places)
        assert done.returncode in (0, -9), done.stderr
        return done

    def go_on(self, later: timedelta):
        """The same in this process, which lives."""
        with clock.at(clock.now() + later):
            for uid, mail in enumerate(self.mails, 1):
                inbound.store(mail, "help", 1, uid)
            inbound.take_all()

    def count(self) -> tuple:
        """The states of the mails; how many tickets, messages and files there are; how many files are not on disk."""
        db.session.rollback()
        states = [mail.state for mail in sorted(ledger(), key=lambda mail: mail.uid)]
        counts = [db.session.scalar(select(func.count()).select_from(each)) for each in (Ticket, Comment, Attachment)]
        sizes = {name: size for each in (Attachment, IncomingMail)
                 for name, size in db.session.execute(select(each.stored_name, each.size))}  # fmt: skip
        return states, *counts, storage.compare(self.files, sizes).absent


@pytest.fixture
def desk(app, world, tmp_path):
    """`desk(mails)`: two mails unless it is told others, one that opens a ticket and one that answers."""

    def desk(*mails: bytes):
        return Desk(app, tmp_path, mails or two(world))

    return desk


def two(world) -> tuple[bytes, bytes]:
    """Each has a file."""
    sent = mailed(world.ren, world.ticket())
    return (
        letter(files=(("log.txt", b"It blinks."),)),
        letter(sender="ren@example.org", in_reply_to=sent.message_id, files=(("shot.txt", b"It smokes."),)),
    )


@pytest.mark.server
def test_kill_9_at_every_step_loses_no_mail_and_doubles_none(desk):
    desk = desk()
    steps = int(desk.fetch().stdout)
    assert steps >= 2 * (2 + 2 + 2 + 4)  # before and after: two files and rows of mails, two claims, two ends and files
    for step in range(1, steps + 1):
        desk.begin()
        assert desk.fetch(die_at=step).returncode == -9
        assert desk.count()[-1] == [], f"after step {step} a row is there without its file"
        desk.go_on(LATER)
        assert desk.count() == (["ticket", "reply"], 2, 1, 2, []), f"after step {step}"


@pytest.mark.server
def test_a_mail_that_kills_whoever_reads_it_waits_for_somebody_after_the_third(desk):
    desk = desk(letter())
    for tries in range(3):  # each time directly after the claim
        assert desk.fetch(die_at=2 if tries else 6, later=LATER * tries).returncode == -9
    assert desk.count()[0] == ["new"]
    desk.go_on(LATER * 4)
    assert desk.count()[0] == ["quarantined"]


@pytest.mark.server
def test_two_processes_that_read_the_same_mailbox_make_everything_once(desk):
    letters = [letter(sender=f"{number}@example.net", files=(("log.txt", b"It blinks."),)) for number in range(12)]
    desk = desk(*letters)
    with ThreadPoolExecutor(3) as pool:
        assert [done.returncode for done in pool.map(lambda _: desk.fetch(), range(3))] == [0, 0, 0]
    assert desk.count() == (["ticket"] * 12, 12, 0, 12, [])
