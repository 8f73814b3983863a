"""The process sends itself a message by the way that all others go, and says when it does not arrive."""

import os

import gevent
import pytest

from informejo import metrics, signals
from informejo.doctor import live_checks
from informejo.doctor.checks import Patient
from informejo.live import echo
from informejo.live.hub import hub


@pytest.fixture
def patient(app):
    return Patient(dict(app.config), os.getpid(), [])


def test_a_message_to_oneself_arrives_and_leaves_nothing_behind(app, patient, monkeypatch):
    monkeypatch.setattr(echo, "last", echo.send())
    assert echo.last.seconds < echo.PATIENCE
    assert len(hub) == 0
    answer = live_checks.echo(patient)
    assert (answer.state, "on its way for" in answer.sentence) == ("well", True)


def test_when_nobody_shows_what_is_noticed_it_is_missed_and_health_says_so(app, patient, monkeypatch):
    signals.noticed.disconnect(app.extensions["broadcast"].notice)  # as if the reader had died
    monkeypatch.setattr(echo, "PATIENCE", 0.05)
    monkeypatch.setattr(echo, "last", echo.send())
    assert echo.last.seconds is None
    assert len(hub) == 0
    answer = live_checks.echo(patient)
    assert (answer.state, "stand still" in answer.sentence) == ("broken", True)


def test_a_server_that_stopped_sending_is_broken_and_a_slow_one_worth_a_look(app, patient, monkeypatch):
    now = echo.time.monotonic()
    monkeypatch.setattr(echo, "last", echo.Heard(now - 600, 0.001))
    assert live_checks.echo(patient).state == "broken"
    monkeypatch.setattr(echo, "last", echo.Heard(now, 2.0))
    assert live_checks.echo(patient).state == "look"
    monkeypatch.setattr(echo, "last", None)
    assert live_checks.echo(patient).state == "well"


def test_a_fault_while_sending_ends_neither_the_minute_nor_the_next(app, monkeypatch):
    tried = []

    def send():
        tried.append(1)
        monkeypatch.setattr(hub, "closing", len(tried) > 1)
        raise RuntimeError("on purpose")

    monkeypatch.setattr(echo, "send", send)
    monkeypatch.setattr(echo, "EVERY_SECONDS", 0)
    monkeypatch.setattr(echo.time, "sleep", lambda seconds: gevent.sleep(0))
    echo.watch()
    assert len(tried) == 2


@pytest.mark.parametrize(
    ("ended", "state"),
    [
        ({}, "well"),
        ({"nothing_missed": 30, "replayed": 10}, "well"),
        ({"reset": 3}, "well"),
        ({"nothing_missed": 30, "reset": 8, "refused": 8}, "look"),
    ],
    ids=["nobody", "all whole", "too few to tell", "many anew"],
)
def test_health_says_how_those_fared_who_came_back(app, patient, monkeypatch, ended, state):
    monkeypatch.setattr(live_checks, "_own", lambda: live_checks.Counter(ended))
    answer = live_checks.returns(patient)
    assert answer.state == state
    assert all(f"{number} " in answer.sentence for number in ended.values())


def test_every_return_is_counted_by_how_it_ended(world, visit):
    from tests.live.sse import Listener

    def counted():
        return {ended: metrics.REGISTRY.get_sample_value("informejo_reconnects_total", {"ended": ended})
                for ended in ("nothing_missed", "replayed", "reset", "refused")}  # fmt: skip

    def gained(bookmark, topic="me"):
        before = counted()
        Listener(visit(world.ren), f"/live?on={topic}", bookmark)
        return {ended for ended, number in counted().items() if number > before[ended]}

    ticket = world.ticket()
    here = Listener(visit(world.ren), "/live?on=me").bookmark
    assert gained("") == set()
    assert gained(here) == {"nothing_missed"}
    world.comment(world.mia, ticket)
    assert gained(here) == {"replayed"}
    assert gained("nonsense") == {"reset"}
    assert gained(here, "queue") == {"refused"}
