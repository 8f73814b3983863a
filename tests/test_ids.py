"""Ids that people get to see tell when something was made, and nothing of what else is made at the desk."""

import threading
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from informejo import clock, db, ids, turns
from informejo.accounts.models import User
from informejo.events import log
from informejo.events.models import Audience, Event
from informejo.events.names import EventName
from informejo.ids import made_at
from informejo.tickets.models import Comment

MOMENT = datetime(2026, 11, 26, 7, 30, tzinfo=UTC)


def test_an_id_is_the_moment_and_small_enough_for_every_script():
    assert made_at(datetime(1970, 1, 1, 0, 0, 1, tzinfo=UTC)) == 1_000_000
    assert made_at(MOMENT + timedelta(microseconds=1)) == made_at(MOMENT) + 1
    assert made_at(datetime(2255, 1, 1, tzinfo=UTC)) < 2**53


def test_what_is_written_takes_its_id_from_the_clock(world):
    ticket = world.ticket()
    later = clock.now() + timedelta(hours=1)
    with clock.at(later):
        assert world.comment(world.ren, ticket).id == made_at(later)
    assert log.standing().latest == made_at(later)


def test_order_is_kept_when_the_clock_goes_back_or_stands_still(world):
    ticket = world.ticket()
    later = clock.now() + timedelta(hours=1)
    made = []
    for moment in (later, later, later - timedelta(minutes=30), later + timedelta(minutes=1)):
        with clock.at(moment):
            made.append((world.comment(world.ren, ticket).id, log.standing().latest))
    assert made[0] == (made_at(later), made_at(later))
    assert made[-1] == (made_at(later) + 60_000_000, made_at(later) + 60_000_000)
    for drawn in zip(*made, strict=True):
        assert list(drawn) == sorted(set(drawn))


def test_while_the_clock_is_behind_ids_do_not_count_what_is_written_either(world, monkeypatch):
    ticket = world.ticket()
    passed = [0.0]
    monkeypatch.setattr(ids, "time", SimpleNamespace(monotonic=lambda: passed[0]))

    def write_after(seconds: float, **options) -> int:
        passed[0] += seconds
        return world.comment(world.mia, ticket, **options).id

    with clock.at(clock.now() + timedelta(hours=10)):
        first = write_after(0)
    quiet = write_after(60) - first
    for _ in range(3):
        write_after(15, internal=True)
    busy = write_after(15) - quiet - first
    assert quiet == busy == 30_000_000


def test_what_is_written_in_one_go_at_one_moment_has_ids_of_its_own(world):
    ticket = world.ticket()
    with clock.at(clock.now() + timedelta(hours=1)):
        many = [Comment(ticket=ticket, author=world.ren, body=f"{number}") for number in range(5)]
        db.session.add_all(many)
        db.commit()
    assert len({comment.id for comment in many}) == 5
    assert [comment.body for comment in sorted(many, key=lambda one: one.id)] == ["0", "1", "2", "3", "4"]


class Turn:
    """The lock that writers queue on, which tells when somebody asks for it."""

    def __init__(self, lock):
        self.lock, self.asked = lock, threading.Event()

    def acquire(self, *args, **options):
        if self.lock.acquire(blocking=False):
            return True
        self.asked.set()
        return self.lock.acquire(*args, **options)

    def release(self):
        self.lock.release()


@pytest.fixture
def turn(monkeypatch):
    turn = Turn(threading.Lock())
    monkeypatch.setattr(turns, "_writer", turn)
    return turn


def written_by(id: int):
    """One event, written by that person as the first thing in its transaction."""
    actor = db.session.get(User, id)
    log.record(EventName.SESSION_ENDED, actor, audience=Audience.STAFF, user=actor)


def test_whoever_had_to_wait_for_their_turn_stands_behind_those_who_wrote_meanwhile(app, world, turn):
    mia, ren = world.mia.id, world.ren.id

    def wait_and_write():
        with app.app_context():
            written_by(ren)
            db.commit()

    waiting = threading.Thread(target=wait_and_write)
    turns.begin_write(db.session.connection())
    waiting.start()
    assert turn.asked.wait(10)
    written_by(mia)
    db.commit()
    waiting.join(10)
    assert [event.user_id for event in db.session.query(Event).order_by(Event.id)][-2:] == [mia, ren]
