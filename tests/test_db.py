"""The database under one event loop: writers wait for their turn, and never for ever."""

import sqlite3
from datetime import timedelta

import pytest
from sqlalchemy import delete, select, update
from werkzeug.exceptions import NotFound

from informejo import clock, db, turns
from informejo.accounts.models import Session, User
from informejo.db import commit
from informejo.events import log
from informejo.tickets import list_queries
from informejo.tickets.filters import TicketFilter
from informejo.tickets.models import Comment

UNSEEN = {"synchronize_session": False}  # as if another process had written it


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
    monkeypatch.setattr("informejo.turns.BUSY_SECONDS", 0.05)
    refused = ren.post("/tickets/1/comments", data={"body": "while it is busy"})
    assert refused.status_code == 503
    assert refused.headers["Retry-After"] == "5"
    assert "please send it again" in refused.text
    held.execute("ROLLBACK")
    assert ren.post("/tickets/1/comments", data={"body": "and now"}).status_code == 303


def test_reading_goes_on_while_another_process_writes(held, world):
    assert len(list_queries.tickets_for(world.ren, log.standing(), TicketFilter()).tickets) == 1


def test_reading_notes_nothing_when_nothing_can_be_written(held, world, visit):
    held.execute("ROLLBACK")
    ren = visit(world.ren)
    db.session.execute(update(Session).values(seen_at=clock.now() - timedelta(hours=1)))
    commit()
    held.execute("BEGIN IMMEDIATE")
    assert ren.get("/tickets/1").status_code == 200
    held.execute("ROLLBACK")
    before = db.session.scalar(select(Session.seen_at))
    assert ren.get("/tickets/1").status_code == 200
    db.session.expire_all()
    assert db.session.scalar(select(Session.seen_at)) > before


def test_what_could_not_be_saved_comes_back_to_be_sent_again_but_never_a_password(held, world, visit, monkeypatch):
    monkeypatch.setattr("informejo.turns.BUSY_SECONDS", 0.05)
    held.execute("ROLLBACK")
    ren = visit(world.ren)
    held.execute("BEGIN IMMEDIATE")
    assert "all that I typed" in ren.post("/tickets/1/comments", data={"body": "all that I typed"}).text
    newcomer = {"name": "Kim Oda", "email": "kim@example.org"} | dict.fromkeys(
        ("password", "again"), "four odd words here"
    )
    refused = visit().post("/register", data=newcomer)
    assert refused.status_code == 503
    assert "four odd words" not in refused.text


def test_what_is_inserted_at_once_is_known_and_changed_like_any_other(world):
    comment = Comment(ticket_id=world.ticket().id, author_id=world.ren.id, body="Größe", edited_at=None, key=None)
    db.insert(comment)
    assert (comment.author, comment.version, comment.internal) == (world.ren, 1, False)
    assert db.session.get(Comment, comment.id) is comment
    assert db.rows(select(Comment.folded)) == [("grosse",)]
    comment.body = "Länge"
    commit()
    assert db.rows(select(Comment.body, Comment.folded)) == [("Länge", "lange")]


def test_what_is_inserted_and_not_committed_never_was(world):
    ticket = world.ticket()
    db.insert(Comment(ticket_id=ticket.id, author_id=world.ren.id, body="never said", edited_at=None, key=None))
    db.session.rollback()
    assert db.rows(select(Comment.id)) == []


def test_what_is_locked_is_as_it_is_stored_by_then(world):
    db.session.execute(update(User).where(User.id == world.ren.id).values(name="Ren Sato"), execution_options=UNSEEN)
    assert world.ren.name != "Ren Sato"
    db.lock(world.ren)
    assert world.ren.name == "Ren Sato"


def test_what_is_locked_and_has_not_changed_is_not_read_again(world):
    ticket = world.ticket()
    assert ticket.requester is world.ren
    db.lock(ticket)
    assert "requester" in vars(ticket)


def test_what_is_gone_cannot_be_locked(world):
    session = Session(user=world.ren, token_hash="", expires_at=clock.now())
    db.session.add(session)
    commit()
    assert session.user is world.ren
    db.session.execute(delete(Session), execution_options=UNSEEN)
    with pytest.raises(NotFound):
        db.lock(session)


def test_whoever_deals_with_thousands_lets_others_have_a_turn_in_between(monkeypatch):
    turns_of_others, dealt = [], []
    monkeypatch.setattr(turns, "give_way", lambda: turns_of_others.append(dealt[-1]))
    for thing in turns.in_turns(str(number) for number in range(25)):
        dealt += [thing]
    assert dealt == [str(number) for number in range(25)]
    assert turns_of_others == ["9", "19"]
