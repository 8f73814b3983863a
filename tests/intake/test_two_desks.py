"""Two help desks whose addresses write to each other stop after one round."""

from contextlib import contextmanager

import pytest
from sqlalchemy import select

from informejo import create_app, db
from informejo.mail.models import OutgoingMail
from informejo.mail.words import InState, OutState
from informejo.tickets import actions
from informejo.tickets.models import Ticket
from tests import database, world as cast
from tests.intake.letters import come, ledger, letter
from tests.mail.post import Post
from tests.mail.sink import Sink, running


class Desk:
    """A desk of its own, with its own database, people and address."""

    def __init__(self, folder, host: str, sink: Sink):
        folder.mkdir()
        database.copy_to(folder / "desk.db")
        self.app = create_app({"DATABASE_URL": f"sqlite:///{folder}/desk.db", "UPLOAD_DIR": str(folder / "files")})
        self.address = f"help@{host}"
        with self.open():
            cast.populate()
            self.post = Post(self.app)
        self.app.config.update(MAIL_FROM=f"Help desk <{self.address}>", PUBLIC_URL=f"https://{host}")
        self.post.to(sink)

    @contextmanager
    def open(self):
        """In this desk alone."""
        with self.app.app_context():
            yield
            db.session.remove()

    def take(self, raw: bytes):
        with self.open():
            come(raw)

    def deliver(self):
        """Send what is due."""
        with self.open():
            self.post.read()
            self.post.send()


@pytest.fixture
def desks(tmp_path):
    """Two of them, and `round()`, in which each gets what the other sent; it says how many mails that were."""
    with running() as sink:
        both = [Desk(tmp_path / host, host, sink) for host in ("one.example", "two.example")]
        seen = 0

        def round() -> int:
            nonlocal seen
            for desk in both:
                desk.deliver()
            new, before = sink.mails[seen:], seen
            raws, seen = sink.raw[before:], len(sink.mails)
            for (addresses, _), raw in zip(new, raws, strict=True):
                for desk in both:
                    if desk.address in addresses:
                        desk.take(raw)
            return len([1 for addresses, _ in new if {desk.address for desk in both} & set(addresses)])

        yield *both, round
    database.leave_signals()


@pytest.mark.hardening("X-26")
def test_two_desks_that_write_to_each_other_stop_after_one_round(desks):
    one, two, round = desks
    one.take(letter(sender=f"Two <{two.address}>", subject="Hello from desk to desk"))
    assert [round() for _ in range(6)] == [1, 0, 0, 0, 0, 0]
    for desk, state in ((one, InState.TICKET), (two, InState.AUTOMATIC)):
        with desk.open():
            assert [mail.state for mail in ledger()] == [state]
            assert len(db.session.scalars(select(Ticket)).all()) == 1


def test_what_a_person_answers_there_still_arrives(desks):
    one, two, round = desks
    one.take(letter(sender=f"Two <{two.address}>", subject="Hello from desk to desk"))
    round()
    with two.open():
        actions.reply(cast.find().mia, db.session.scalars(select(Ticket)).one(), body="We are a desk as well.")
        db.commit()
    assert round() == 1
    assert round() == 0
    with one.open():
        assert [mail.state for mail in ledger()] == [InState.TICKET, InState.AUTOMATIC]
        (ticket,) = db.session.scalars(select(Ticket)).all()
        assert ledger()[1].ticket == ticket
        sent = db.session.scalars(select(OutgoingMail.state)).all()
        assert OutState.WAITING not in sent
