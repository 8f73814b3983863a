"""Whatever ends the sender between any two of its steps: nothing is lost, and what goes twice is the very same mail."""

from collections import Counter
from datetime import timedelta

import pytest

from informejo import clock
from informejo.mail.outbox import Outbox
from informejo.mail.words import OutState
from tests.database import Beginning
from tests.forks import dies
from tests.mail.killing import die_at, work
from tests.waiting import until

LATER = timedelta(minutes=11)  # when a claim has run out


@pytest.fixture
def beginning(post, world, tmp_path):
    """Something happened that two people are to be told of, and nobody was yet."""
    world.ticket()
    return Beginning(tmp_path / "test.db")


def states(post) -> Counter:
    return Counter(mail.state for mail in post.mails)


def dies_at(step: int) -> bool:
    """Another process reads and sends, and kills itself at that step; False when it came to its end."""

    def at_step():
        die_at(step)
        work()

    return dies(at_step)


@pytest.mark.hardening("X-25", "F-20")
def test_a_sender_killed_between_any_two_steps_loses_nothing(beginning, post, sink):
    twice, died = [], True
    while died:
        beginning.come_back()
        sink.forget()
        died = dies_at(len(twice) + 1)
        until(lambda: not sink.open)
        taken, noted = len(sink.mails), states(post)[OutState.SENT]
        post.outbox = Outbox()  # that of a process which knows nothing of the other
        with clock.at(clock.now() + LATER):
            post.deliver()
        assert states(post) == {OutState.SENT: 2}
        assert len(set(sink.ids)) == 2
        assert len(sink.ids) == 2 + taken - noted  # the one that was taken, and that nobody lived to note
        twice.append(taken - noted)
    assert set(twice) == {0, 1}
    assert len(twice) > 30
