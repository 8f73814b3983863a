"""A reader of the log deals with each event once, misses none, and is stopped by none."""

import sqlite3
import threading
from types import SimpleNamespace

import pytest
from sqlalchemy import delete, select
from sqlalchemy.exc import OperationalError

from informejo import db
from informejo.events.models import Event
from informejo.mail.models import CaughtMail
from informejo.readers import Reader, following
from informejo.readers.models import KeptEvent, ReaderBookmark
from informejo.turns import unless_busy
from tests.waiting import until


class Killed(BaseException):
    """The end of the process: nothing catches it, and what was not committed is gone."""


def write(event: Event):
    """What a reader does here: a row that says which event it was for."""
    db.session.add(CaughtMail(address=str(event.id), subject=event.name, raw=b""))
    db.session.flush()


def refuse(event: Event):
    write(event)
    raise ValueError(f"I do not like {event.name}.")


READER = Reader("test", write)


@pytest.fixture
def happen(app, world):
    """`happen(3)` has three things happen, after the reader has come to the end of the log; their ids."""
    catch_up(app)

    def happen(number: int) -> list[int]:
        for _ in range(number):
            world.ticket()
        return list(db.session.scalars(select(Event.id).order_by(Event.id)))[-number:]

    return happen


def catch_up(app, act=write):
    """As `work` does, with a session of its own."""
    with app.app_context():
        following.catch_up(Reader("test", act))
    db.session.rollback()


def written() -> list[int]:
    return sorted(int(address) for address in db.session.scalars(select(CaughtMail.address)))


def bookmark() -> int:
    return db.session.scalar(select(ReaderBookmark.event_id).where(ReaderBookmark.name == "test"))


def kept() -> list[tuple]:
    return [tuple(row) for row in db.session.execute(select(KeptEvent.event_id, KeptEvent.error, KeptEvent.tries))]


def test_each_event_is_dealt_with_once_in_order(app, happen):
    seen, ids = [], happen(3)
    catch_up(app, lambda event: seen.append(event.id))
    catch_up(app, lambda event: seen.append(event.id))
    assert seen == ids
    assert bookmark() == ids[-1]


def test_more_events_than_are_read_at_once_are_all_dealt_with(app, happen, monkeypatch):
    monkeypatch.setattr(following, "_NEXT", following._NEXT.limit(2))
    ids = happen(5)
    catch_up(app)
    assert written() == ids


def test_a_new_reader_begins_with_what_happens_from_now_on(app, world):
    world.ticket()
    catch_up(app)
    assert written() == []
    world.ticket()
    catch_up(app)
    assert len(written()) == 1


def die(*_):
    raise Killed


def write_and_die(event: Event):
    write(event)
    die()


def before_the_bookmark(patch):
    patch.setattr(following, "_step_to", die)


def before_the_commit(patch):
    patch.setattr(following.db, "commit", die)


def after_the_commit(patch):
    commit = db.commit
    patch.setattr(following.db, "commit", lambda: die(commit()))


def nowhere(_patch):
    pass


DEATHS = [  # where the process dies, what the reader does, and how many events are dealt with then
    (before_the_bookmark, write, 0),
    (nowhere, die, 0),
    (nowhere, write_and_die, 0),
    (before_the_commit, write, 0),
    (after_the_commit, write, 1),
]


@pytest.mark.parametrize(("patched", "act", "done"), DEATHS)
def test_the_bookmark_moves_with_what_was_written_or_not_at_all(app, happen, patched, act, done):
    ids = happen(2)
    before = bookmark()
    with pytest.MonkeyPatch.context() as patch:
        patched(patch)
        with pytest.raises(Killed):
            catch_up(app, act)
    db.session.rollback()
    assert written() == ids[:done]
    assert bookmark() == [before, *ids][done]
    catch_up(app)
    assert written() == ids
    assert kept() == []


def test_an_event_on_which_it_fails_is_kept_with_the_error_and_the_next_goes_on(app, happen):
    ids = happen(3)
    catch_up(app, lambda event: refuse(event) if event.id == ids[1] else write(event))
    assert written() == [ids[0], ids[2]]
    assert bookmark() == ids[2]
    assert kept() == [(ids[1], "ValueError: I do not like ticket:created.", 1)]


def test_it_may_fail_on_every_event_and_stands_at_the_end(app, happen):
    ids = happen(3)
    catch_up(app, refuse)
    assert [id for id, *_ in kept()] == ids
    assert written() == []
    assert bookmark() == ids[-1]


def test_a_write_that_the_database_refuses_at_the_end_is_kept_too(app, happen):
    (id,) = happen(1)
    catch_up(app, lambda event: db.session.add(CaughtMail(address=None, subject="", raw=b"")))
    assert [(event, error.partition(":")[0]) for event, error, _ in kept()] == [(id, "IntegrityError")]


def test_a_kept_event_that_works_the_next_time_is_kept_no_more(app, happen):
    (id,) = happen(1)
    catch_up(app, refuse)
    assert following.try_again(READER, id)
    assert (written(), kept()) == ([id], [])
    assert not following.try_again(READER, id)
    assert written() == [id]


def test_a_kept_event_that_fails_again_keeps_the_newer_error(app, happen):
    (id,) = happen(1)
    catch_up(app, refuse)

    def stumble(event: Event):
        write(event)
        raise KeyError("something else")

    assert not following.try_again(Reader("test", stumble), id)
    assert kept() == [(id, "KeyError: 'something else'", 2)]
    assert written() == []


def test_an_error_of_any_length_is_kept_shortened(app, happen):
    happen(1)
    catch_up(app, lambda event: die_of(ValueError("x" * 9_000)))
    assert len(kept()[0][1]) == following.MOST_WORDS


def die_of(error: Exception):
    raise error


def test_while_the_database_is_away_nothing_is_passed_over(app, happen):
    (id,) = happen(1)
    before = bookmark()
    away = OperationalError("", {}, Exception())
    away.connection_invalidated = True
    with pytest.raises(OperationalError):
        catch_up(app, lambda event: die_of(away))
    db.session.rollback()
    assert (bookmark(), kept()) == (before, [])
    catch_up(app)
    assert written() == [id]


def test_an_event_that_went_with_its_message_meanwhile_is_no_fault(app, happen):
    ids, seen = happen(3), []

    def act(event: Event):
        seen.append(event.id)
        db.session.execute(delete(Event).where(Event.id == ids[1]))

    catch_up(app, act)
    assert seen == [ids[0], ids[2]]
    assert bookmark() == ids[2]
    assert kept() == []


def test_two_processes_deal_with_each_event_once_between_them(app, happen):
    ids, start, busy = happen(25), threading.Barrier(2), set()

    def act(event: Event):
        busy.add(threading.current_thread().name)
        write(event)

    def work():
        start.wait()
        with app.app_context():
            following.catch_up(Reader("test", act))

    threads = [threading.Thread(target=work) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    db.session.rollback()
    assert written() == ids
    assert bookmark() == ids[-1]
    assert kept() == []
    assert busy


def test_one_that_was_overtaken_leaves_the_bookmark_and_the_event_alone(app, happen):
    ids = happen(2)
    catch_up(app)
    with app.app_context():
        following._pass(READER, ids[0])
    db.session.rollback()
    assert written() == ids
    assert bookmark() == ids[-1]


def test_two_readers_have_a_bookmark_each(app, happen):
    (id,) = happen(1)
    catch_up(app, refuse)
    with app.app_context():
        following.catch_up(Reader("other", write))
    world_went_on = happen(1)
    with app.app_context():
        following.catch_up(Reader("other", write))
    db.session.rollback()
    assert written() == world_went_on
    assert [event for event, *_ in kept()] == [id]


def test_it_reads_on_when_the_bell_rings_until_the_hub_closes(app, happen, monkeypatch):
    hub = SimpleNamespace(closing=False)
    monkeypatch.setattr(following, "hub", hub)
    monkeypatch.setattr(following, "POLL_SECONDS", 60)  # only the bell can wake it
    reader = following.Following(READER)
    thread = threading.Thread(target=reader.run, args=(app,))
    thread.start()
    first = happen(1)
    until(lambda: written() == first)
    second = happen(1)
    until(lambda: written() == first + second)
    hub.closing = True
    reader.ring()
    thread.join(10)
    assert not thread.is_alive()


def test_that_others_keep_the_database_busy_is_no_fault_and_every_other_trouble_is_one():
    busy, full = sqlite3.OperationalError("database is locked"), sqlite3.OperationalError("database or disk is full")
    busy.sqlite_errorcode, full.sqlite_errorcode = sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL
    with unless_busy():
        raise busy
    for error in (full, ZeroDivisionError()):
        with pytest.raises(type(error)), unless_busy():
            raise error
