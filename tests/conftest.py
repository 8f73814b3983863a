"""Fixtures: an app on a database of its own, the world in it, and browsers signed in as its people."""

import gc
import os
from functools import partial

import pytest
import werkzeug.test
from flask.testing import FlaskClient
from hypothesis import settings
from playwright.sync_api import expect, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from informejo import create_app, db
from informejo.accounts import session_actions
from informejo.cookies import cookie_name
from informejo.db import commit
from informejo.live import presence
from informejo.live.hub import hub
from informejo.shelf import shelf
from tests import database, groups, quick, sharing, world as cast  # noqa: F401
from tests.server import Server
from tests.waiting import PATIENCE
from tests.warm import Starter

ORIGIN = "http://localhost"
# The tabs of one person share a process: to start one for each, and a spare, was a seventh of the work.
ONE_RENDERER = "--renderer-process-limit=1"
settings.register_profile("desk", deadline=None)  # how long an example takes says more about the machine than about us
settings.load_profile("desk")
expect.set_options(timeout=PATIENCE)
# The test client would write large forms into a temporary file, and leave it to the garbage collector to close it.
werkzeug.test.stream_encode_multipart = partial(werkzeug.test.stream_encode_multipart, use_tempfile=False)
Server.starter, Server.commander = Starter(patched=True), Starter()


class Browser(FlaskClient):
    """A browser whose requests leave nothing behind that was not committed."""

    def open(self, *args, **kwargs):
        response = super().open(*args, **kwargs)
        db.session.rollback()
        return response


class _Together(LoadScopeScheduling):
    """What belongs together stays in one process. Marks would not do: pytest 9.2 loses what xdist 3.8 makes of them."""

    def _split_scope(self, nodeid: str) -> str:
        return groups.group(nodeid)


def pytest_xdist_make_scheduler(config, log):
    """Which tests go to which process."""
    return _Together(config, log)


def pytest_collection_modifyitems(items):
    """The longest begin first."""
    begin = {name: place for place, name in enumerate(groups.in_order([item.nodeid for item in items]))}
    items.sort(key=lambda item: begin[groups.group(item.nodeid)])


def pytest_collection_finish():
    """Collected tests stay to the end: that the collector looks through them again costs a tenth of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)


def pytest_terminal_summary(terminalreporter):
    """What tests measured and do not judge."""
    for report in terminalreporter.stats.get("passed", []):
        for name, value in report.user_properties:
            terminalreporter.write_line(f"{report.head_line}: {value} {name}")


@pytest.fixture(scope="session")
def chromium():
    """One Chromium for all tests; each makes a context of its own in it."""
    with sync_playwright() as playwright:
        path = os.environ.get("CHROMIUM", "/usr/bin/chromium-headless-shell")
        browser = playwright.chromium.launch(
            executable_path=path, args=["--no-sandbox", "--disable-background-networking", ONE_RENDERER]
        )
        yield browser
        browser.close()


@pytest.fixture
def app(tmp_path, request):
    """The app on an empty database, without background work: what is recorded is shown before commit returns."""
    database.copy_to(tmp_path / "test.db", with_people="world" in request.fixturenames)
    database.leave_signals()
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/test.db", "UPLOAD_DIR": str(tmp_path / "files")})
    app.testing = False  # errors become pages, as people see them
    app.test_client_class = Browser
    _leave_all_streams()  # also those of other apps in this process
    with app.app_context():
        sharing.share(app)
        shelf.forget()
        yield app
        db.session.rollback()
        db.engine().dispose()
    database.leave_signals()
    _leave_all_streams()


def _leave_all_streams():
    for subscription in hub.subscriptions():
        hub.drop(subscription)
    presence._writing.clear()


@pytest.fixture
def world(app):
    """The cast, in the database."""
    return cast.there()


@pytest.fixture
def visit(app):
    """`visit(user)` is a browser signed in as that person, `visit()` a visitor's."""

    def visit(user=None):
        browser = app.test_client()
        browser.environ_base |= {"HTTP_ORIGIN": ORIGIN, "HTTP_USER_AGENT": "test"}
        if user is not None:
            token = session_actions.start_session(user, "test")
            commit()
            browser.set_cookie(cookie_name(), token)
        return browser

    return visit
