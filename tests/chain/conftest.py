"""Fixtures: the whole chain with the cast at the desk behind it, and people who come through it."""

import os

import pytest
from sqlalchemy import select

from informejo import db
from informejo.accounts import session_actions
from informejo.accounts.models import User
from informejo.cookies import cookie_name
from informejo.db import commit
from tests.browser import conftest as living
from tests.browser.person import Person
from tests.chain.chain import ADDRESS, NAME, SETTINGS, Chain
from tests.chain.readers import Reader
from tests.server import Server
from tests.world import PASSWORD

desk, app, world, newcomer = living.desk, living.app, living.world, living.newcomer
WAYS = ("nginx alone", "HAProxy and nginx")


@pytest.fixture(scope="package")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("desk"), STREAMS_PER_USER=200, **SETTINGS)
    server.upgrade()
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text(), server.log.read_text()


@pytest.fixture(scope="package")
def chain(tmp_path_factory, server):
    with Chain(tmp_path_factory.mktemp("chain"), server) as chain:
        yield chain


@pytest.fixture(scope="package", autouse=True)
def quiet(chain, desk):
    """A stream on each way in, of somebody whom nothing concerns, open from the first test to the last."""
    with desk.app_context():
        zoe = db.session.scalars(select(User).where(User.email == "zoe@example.org")).one()
        cookie = signed_in(zoe)
    ports = chain.nginx.port, chain.haproxy.port
    readers = {way: Reader(port, "/live/events?on=me", cookie) for way, port in zip(WAYS, ports, strict=True)}
    yield readers
    for reader in readers.values():
        reader.leave()


@pytest.fixture(params=WAYS)
def way(request, chain):
    """The port where browsers come in."""
    return (chain.nginx if request.param == "nginx alone" else chain.haproxy).port


@pytest.fixture
def cookie(app):
    """`cookie(user)` is the header of somebody who is signed in."""
    return signed_in


@pytest.fixture
def listening(cookie):
    """`listening(port, user, address)` is a program that reads a stream, and comes back whenever it breaks off."""
    readers = []

    def listening(port, user, address="/live/events?on=queue") -> Reader:
        readers.append(Reader(port, address, cookie(user)))
        return readers[-1]

    yield listening
    for reader in readers:
        reader.leave()


@pytest.fixture
def browse(chromium, chain, server):
    """`browse("mia")` is that person, signed in through the form, at a browser that comes through HAProxy."""
    path, people = os.environ.get("CHROMIUM", "/usr/bin/chromium"), []
    there = f"--host-resolver-rules=MAP {NAME}:443 127.0.0.1:{chain.haproxy.port}"
    browser = chromium.browser_type.launch(executable_path=path, args=["--no-sandbox", there])

    def browse(name: str) -> Person:
        person = Person(browser, server, at=ADDRESS, ignore_https_errors=True)
        people.append(person)
        page = person.open("/sign-in")
        page.get_by_label("E-mail").fill(f"{name}@example.org")
        page.get_by_label("Password", exact=True).fill(PASSWORD)
        page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
        page.wait_for_url(lambda url: "/sign-in" not in url)
        return person

    yield browse
    browser.close()
    assert [text for person in people for text in person.unforgiven] == []


def signed_in(user: User) -> dict[str, str]:
    token = session_actions.start_session(user, "test")
    commit()
    return {"Cookie": f"{cookie_name()}={token}"}
