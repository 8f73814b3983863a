"""systemd holds the listening socket: restarts and reloads refuse nobody, and no stream misses a word."""

import os
import signal
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from tests.chain.readers import Reader
from tests.deploy.machine import Crowd, Machine
from tests.waiting import until

pytestmark = [pytest.mark.server, pytest.mark.hardening("X-38")]


def restart(machine: Machine):
    machine.systemctl("restart", "informejo.service")


def reload(machine: Machine):
    before = worker(machine)
    os.kill(master(machine), signal.SIGHUP)
    until(lambda: worker(machine) not in (0, before), 30)


def kill(machine: Machine):
    before = worker(machine)
    os.kill(before, signal.SIGKILL)
    until(lambda: worker(machine) not in (0, before), 30)


def master(machine: Machine) -> int:
    return int((machine.state / "pid").read_text())


def worker(machine: Machine) -> int:
    """The newest one; 0 while there is none."""
    children = Path(f"/proc/{master(machine)}/task/{master(machine)}/children").read_text()
    return max(map(int, children.split()), default=0)


def comments(machine: Machine) -> set[int]:
    """The events of all comments that are in the database."""
    with closing(sqlite3.connect(machine.desk.database)) as database:
        return {id for (id,) in database.execute("SELECT id FROM events WHERE name = 'comment:added'")}


def said(machine: Machine) -> set[str]:
    with closing(sqlite3.connect(machine.desk.database)) as database:
        return {text for (text,) in database.execute("SELECT body FROM comments")}


@pytest.mark.parametrize("interruption", [restart, reload], ids=["restart", "reload"])
def test_whoever_writes_or_reads_meanwhile_is_not_refused_and_misses_nothing(deployed, interruption):
    desk = deployed.desk
    before = comments(deployed)
    cookie = {"Cookie": desk.cookies["mia"]}
    reader = Reader(desk.server.port, f"/live/events?on=ticket:{desk.ticket}", cookie, tls=False).until_ready()
    with Crowd(desk) as crowd:
        for _ in range(3):
            came, opened = len(crowd.acknowledged), len(reader.opened)
            interruption(deployed)
            until(lambda came=came: len(crowd.acknowledged) >= came + 8, 30)
            until(lambda opened=opened: len(reader.opened) > opened and reader.is_ready, 30)
    assert crowd.broken == []
    assert set(crowd.acknowledged) <= said(deployed)
    until(lambda: set(reader.ids) >= comments(deployed) - before, 30)
    assert reader.ids == sorted(set(reader.ids)), "one came twice or out of order"
    reader.leave()
    assert "killed" not in (deployed.state / "calls").read_text(), "it had to be killed to stop"


def test_after_a_worker_was_killed_the_next_one_knows_all_that_was_acknowledged(deployed):
    with Crowd(deployed.desk) as crowd:
        kill(deployed)
        came = len(crowd.acknowledged)
        until(lambda: len(crowd.acknowledged) >= came + 8, 30)
    assert set(crowd.acknowledged) <= said(deployed)
    assert all("refused" not in trouble for trouble in crowd.broken)
