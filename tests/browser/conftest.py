"""Fixtures: the real server with the cast in its database, Chromium, and people at it who notice whatever breaks."""

import pytest
from sqlalchemy import delete, select

from informejo import create_app, db, signals
from informejo.accounts.models import Role, User
from informejo.db import commit
from informejo.events.models import LogEpoch
from tests import world as cast
from tests.browser.person import Person
from tests.line import Line
from tests.server import Server

BROKE = ("Traceback", "incident ")


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    """One for all tests of the package: each makes its own tickets, so none meets what another left behind."""
    server = Server(tmp_path_factory.mktemp("desk"))
    server.upgrade()
    server.start()
    yield server
    server.stop()
    log = server.log.read_text()
    assert not any(sign in log for sign in BROKE), log


@pytest.fixture(scope="package")
def desk(server):
    """The app on the server's database, through which tests make things happen as if in another process."""
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR", "PUBLIC_URL")})
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)
    with app.app_context():
        db.session.execute(delete(LogEpoch))  # the cast brings its own
        cast.populate()
    yield app
    with app.app_context():
        db.engine().dispose()


@pytest.fixture
def app(desk):
    with desk.app_context():
        yield desk
        db.session.rollback()


@pytest.fixture
def world(app):
    """The cast as it stands in the server's database."""
    return cast.find()


@pytest.fixture
def newcomer(app, request):
    """`newcomer(role)` is somebody with no past: nothing read, nothing unread."""

    def newcomer(role: Role = Role.USER, name: str = "Kim Oda") -> User:
        number = len(db.session.scalars(select(User.id)).all())
        user = User(email=f"new{number}@example.org", name=name, role=role, password_hash=cast.password_hash())
        db.session.add(user)
        commit()
        return user

    return newcomer


@pytest.fixture
def line(server):
    """A connection to the server that can be cut."""
    line = Line(server.port)
    yield line
    line.close()


@pytest.fixture
def browse(chromium, server, app):
    """`browse(user)` is that person at a browser, `browse()` a visitor; whatever breaks in it fails the test."""
    people = []

    def browse(user: User | None = None, **options) -> Person:
        people.append(Person(chromium, options.pop("server", server), user, **options))
        return people[-1]

    yield browse
    for person in people:
        person.context.close()
    assert [text for person in people for text in person.unforgiven] == []
