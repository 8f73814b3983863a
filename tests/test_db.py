"""The database under one event loop: writers wait for their turn, and never for ever."""

import sqlite3

import pytest

from informejo.tickets import queries


@pytest.fixture
def held(app, world):
    """Another process that has the database to itself."""
    world.ticket()
    other = sqlite3.connect(app.config["DATABASE_URL"].removeprefix("sqlite:///"), isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    yield other
    other.close()


def test_a_write_waits_for_another_process_and_then_asks_to_be_sent_again(held, world, visit, monkeypatch):
    held.execute("ROLLBACK")
    ren = visit(world.ren)
    held.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr("informejo.db.BUSY_SECONDS", 0.05)
    refused = ren.post("/tickets/1/comments", data={"body": "while it is busy"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "please send it again" in refused.text
    held.execute("ROLLBACK")
    assert ren.post("/tickets/1/comments", data={"body": "and now"}).status_code == 303


def test_reading_goes_on_while_another_process_writes(held, world):
    assert len(queries.tickets_for(world.ren, queries.TicketFilter()).tickets) == 1
