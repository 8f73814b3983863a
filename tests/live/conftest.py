"""What the tests of live pages share."""

import pytest
from sqlalchemy import event as sql

from informejo import db
from tests.live.sse import Listener


@pytest.fixture
def ticket(world):
    """Ren's, fresh."""
    return world.ticket()


@pytest.fixture
def listen(visit):
    """`listen(user, "ticket:1", ...)`: an open stream of that person on those topics."""

    def listen(user, *topics, since="", bookmark="", path="/live"):
        query = "&".join(f"on={topic}" for topic in topics) + (f"&since={since}" if since else "")
        return Listener(visit(user), f"{path}?{query}", bookmark)

    return listen


@pytest.fixture
def questions():
    """The questions that the database was asked, as SQLite itself heard them. What is set it is asked in between."""
    heard = []

    def hear(statement):
        if statement.startswith("SELECT") and "FROM saved_settings" not in statement.partition("WHERE")[0]:
            heard.append(statement)

    def listen(connection, *_):
        connection.set_trace_callback(hear)

    db.session.rollback()  # whatever connection it had is given out anew
    sql.listen(db.engine(), "checkout", listen)
    yield heard
    sql.remove(db.engine(), "checkout", listen)
