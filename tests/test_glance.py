"""A glance finds what the database holds, in the same words as every other read, and outlives a database that went."""

from datetime import UTC, datetime

import pytest
from sqlalchemy import bindparam, select
from sqlalchemy.exc import SQLAlchemyError

from informejo import db
from informejo.accounts import session_actions
from informejo.accounts.models import Role, Session, User
from informejo.glance import glance

PEOPLE = select(User.id, User.role, User.active, Session.seen_at, Session.agent).outerjoin(Session).order_by(User.id)
SEEN = PEOPLE.where(Session.seen_at > bindparam("moment"), User.role == bindparam("role")).limit(1)
LONG_AGO = datetime(2001, 2, 3, tzinfo=UTC)


@pytest.fixture
def signed_in(world):
    session_actions.start_session(world.mia, "Firefox")
    session_actions.start_session(world.tom, "Chromium")
    db.commit()


def test_it_finds_what_every_other_read_finds(signed_in):
    found = glance(PEOPLE)
    assert found == [tuple(row) for row in db.rows(PEOPLE)]
    assert {type(role) for _, role, *_ in found} == {Role}
    assert {seen and seen.tzinfo for *_, seen, _ in found} == {None, UTC}  # who is not signed in was never seen
    assert glance(SEEN, moment=LONG_AGO, role=Role.AGENT) == found[:1]
    assert glance(SEEN, moment=LONG_AGO, role=Role.GUEST) == []


def test_it_sees_what_was_committed_and_nothing_else(world):
    db.session.add(User(email="new@example.org", name="New", role=Role.USER, password_hash=""))
    db.session.flush()
    before = len(glance(PEOPLE))
    db.commit()
    assert len(glance(PEOPLE)) == before + 1


def test_a_database_that_went_away_costs_one_question_and_not_one_for_each_connection(signed_in):
    db.session.rollback()
    held = [db.engine().raw_connection() for _ in range(5)]
    drivers = [connection.driver_connection for connection in held]
    for connection in held:
        connection.close()  # back into the pool
    for driver in drivers:
        driver.close()
    with pytest.raises(SQLAlchemyError):
        glance(PEOPLE)
    assert glance(PEOPLE)


def test_one_connection_that_broke_costs_nobody_anything(signed_in):
    db.session.rollback()
    db.engine().dispose()
    connection = db.engine().raw_connection()
    driver = connection.driver_connection
    connection.close()
    driver.close()
    assert glance(PEOPLE)
