"""What only one process may do at a time, one does."""

import threading
from datetime import timedelta

import pytest

from informejo import clock, db
from informejo.intake import lease_actions
from informejo.mail.models import Lease

NAME = "help@example.org at imap.example.org, INBOX"
NOON = clock.now().replace(hour=12, minute=0)


def take(holder: str) -> bool:
    taken = lease_actions.take(NAME, holder)
    db.commit()
    return taken


@pytest.mark.usefixtures("app")
def test_who_comes_first_has_it_and_keeps_it():
    assert take("one")
    assert not take("two")
    assert take("one")
    assert not take("two")


@pytest.mark.usefixtures("app")
def test_who_dies_loses_it_when_its_time_is_over():
    with clock.at(NOON):
        assert take("one")
    with clock.at(NOON + lease_actions.LASTS):
        assert not take("two")
    with clock.at(NOON + lease_actions.LASTS + timedelta(seconds=1)):
        assert take("two")
        assert not take("one")


@pytest.mark.usefixtures("app")
def test_what_somebody_took_while_the_clock_was_far_ahead_is_not_theirs_until_then():
    with clock.at(NOON + timedelta(days=400)):
        assert take("one")
    with clock.at(NOON):
        assert take("two")
        assert not take("one")


@pytest.mark.usefixtures("app")
def test_clocks_of_two_machines_may_differ_by_minutes():
    with clock.at(NOON + timedelta(minutes=10)):
        assert take("one")
    with clock.at(NOON):
        assert not take("two")


@pytest.mark.usefixtures("app")
def test_whoever_renews_it_has_it_for_longer():
    for time in range(10):
        with clock.at(NOON + time * lease_actions.LASTS / 2):
            assert take("one")
            assert not take("two")


@pytest.mark.usefixtures("app")
def test_who_ends_gives_it_back_and_nobody_elses():
    take("one")
    lease_actions.give_back(NAME, "two")
    assert not take("two")
    lease_actions.give_back(NAME, "one")
    assert take("two")


def test_of_many_that_ask_at_once_one_gets_it(app):
    taken, ready = [], threading.Barrier(8)

    def ask(holder: str):
        with app.app_context():
            ready.wait()
            if take(holder):
                taken.append(holder)

    threads = [threading.Thread(target=ask, args=(str(number),)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(taken) == 1
    assert db.session.get(Lease, NAME).holder == taken[0]


def test_no_process_goes_by_the_word_of_another():
    assert len({lease_actions.new_holder() for _ in range(100)}) == 100
