"""The real server: no event is lost or doubled between page, replay and live, and no cookie comes back to life."""

import http.client
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, contextmanager
from urllib.parse import urlencode

import pytest
from sqlalchemy import delete

from informejo import create_app, db, signals
from informejo.accounts import session_actions
from informejo.db import commit
from informejo.events.models import LogEpoch
from informejo.live.bookmark import read
from tests import world as cast
from tests.live import dom
from tests.live.sse import parse
from tests.server import Server

pytestmark = pytest.mark.server
TICKET, COMMENTS = "/tickets/1?all=yes", "/tickets/1/comments"
ROUNDS, EACH = 24, 6
PATIENCE = 20  # seconds


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("seam"))
    server.upgrade()
    with sqlite3.connect(server.settings["DATABASE_URL"].removeprefix("sqlite:///")) as fresh:
        assert fresh.execute("SELECT count(*) FROM users").fetchone() == (0,), "nobody is there before somebody is made"
    server.start()
    yield server
    server.stop()


@pytest.fixture(scope="module")
def people(server):
    """The cookie of each of the cast who can sign in; a ticket of Ren's is there."""
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR", "PUBLIC_URL")})
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)
    with app.app_context():
        db.session.execute(delete(LogEpoch))  # the cast brings its own
        world = cast.populate()
        world.ticket()
        tokens = {
            who: session_actions.start_session(getattr(world, who), "test")
            for who in ("ren", "mia", "tom", "ana", "zoe")
        }
        commit()
        db.engine().dispose()
    return {who: f"informejo={token}" for who, token in tokens.items()}


@pytest.fixture
def ask(server):
    """`ask(cookie, path, form)`: the answer's status and text."""

    def ask(cookie: str, path: str, form: dict | None = None) -> tuple[int, str]:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
            headers = {"Cookie": cookie, "Origin": server.address, "Content-Type": "application/x-www-form-urlencoded"}
            connection.request("POST" if form else "GET", path, urlencode(form) if form else None, headers)
            answer = connection.getresponse()
            return answer.status, answer.read().decode()

    return ask


@pytest.fixture
def listen(server):
    """`listen(cookie, path)`: an open stream within a block, whose messages `heard_until` reads."""

    @contextmanager
    def listen(cookie: str, path: str):
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
            connection.request("GET", path, headers={"Cookie": cookie})
            with closing(connection.getresponse()) as stream:
                assert stream.status == 200
                yield stream

    return listen


def since(page: dom.Element) -> int:
    """The last event that the page holds."""
    return read(page.find("stream")["hx-sse:connect"].rpartition("since=")[2], "test").id


def comments(page: dom.Element) -> int:
    """How many messages stand on the page."""
    return len(page.find("timeline").all("li", class_name="comment"))


def heard_until(stream, last: int) -> list:
    """The messages of a stream up to that event."""
    said, messages = b"", []
    while not any(message.id and read(message.id, "test").id >= last for message in messages):
        part = stream.read1(65536)
        assert part, "the stream ended"
        said += part
        messages = parse(said)
    return messages


@pytest.mark.hardening("L-06", "F-05")
def test_whoever_comes_while_others_write_sees_every_event_once(people, ask, listen):
    def write(number: int) -> int:
        return ask(people[("mia", "tom", "ana")[number % 3]], COMMENTS, {"body": f"Message {number}"})[0]

    heard = 0
    with ThreadPoolExecutor(3) as writers:
        for round in range(ROUNDS):
            writing = [writers.submit(write, number) for number in range(round * EACH, (round + 1) * EACH)]
            heard += come(ask, listen, people["ren"], writing)
    assert heard, "all was written before anybody listened"


def come(ask, listen, cookie: str, writing) -> int:
    """Load the page and listen while it is written on; returns how many events came after the page was drawn."""
    page = dom.read(ask(cookie, TICKET)[1])
    first, address = comments(page), page.find("stream")["hx-sse:connect"]
    with listen(cookie, address) as shown, listen(cookie, address.replace("/live?", "/live/events?")) as told:
        assert {done.result() for done in writing} == {303}
        fresh = dom.read(ask(cookie, TICKET)[1])
        for message in heard_until(shown, since(fresh)):
            if not message.event:
                dom.receive(page, message.data)
        events = [one for one in heard_until(told, since(fresh)) if one.event == "comment:added"]
    assert page.find("timeline").same() == fresh.find("timeline").same()
    told = [read(one.id, "test").id for one in events]
    assert told == sorted(set(told))
    assert len(told) == comments(fresh) - first
    return len(events)


@pytest.mark.hardening("W-16")
def test_a_cookie_from_before_the_sign_out_opens_nothing_after_a_restart(server, people, ask):
    assert ask(people["zoe"], "/sign-out", {"x": "x"})[0] == 303
    assert ask(people["zoe"], "/profile")[0] == 303
    server.restart()
    assert ask(people["zoe"], "/profile")[0] == 303
    assert ask(people["ren"], "/profile")[0] == 200


def sign_out_elsewhere(server, ask, cookie):
    assert ask(cookie, "/sign-out", {"x": "x"})[0] == 303


def prune(server, ask, cookie):
    with closing(database_of(server)) as database, database:
        database.execute("DELETE FROM sessions WHERE user_id = (SELECT id FROM users WHERE email LIKE 'tom@%')")


def deactivate(server, ask, cookie):
    with closing(database_of(server)) as database, database:
        database.execute("UPDATE users SET active = 0 WHERE email LIKE 'ana@%'")


def database_of(server) -> sqlite3.Connection:
    return sqlite3.connect(server.settings["DATABASE_URL"].removeprefix("sqlite:///"), timeout=PATIENCE)


@pytest.mark.hardening("X-52")
@pytest.mark.parametrize(("who", "ending"), [("mia", sign_out_elsewhere), ("tom", prune), ("ana", deactivate)])
def test_a_sign_in_that_ends_while_a_file_is_arriving_costs_a_sign_in_and_not_a_word(server, people, ask, who, ending):
    parts = {"draft": "ticket:1", "body": f"Between us, from {who}", "internal": "yes"}
    lines = [f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n{text}\r\n' for name, text in parts.items()]
    lines.append('--x\r\nContent-Disposition: form-data; name="files"; filename="a.txt"\r\n\r\n')
    body = "".join(lines).encode() + b"x" * 200_000 + b"\r\n--x--\r\n"
    with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
        headers = {"Cookie": people[who], "Origin": server.address, "Content-Length": len(body)}
        headers["Content-Type"] = "multipart/form-data; boundary=x"
        connection.request("POST", COMMENTS, body[:100_000], headers)
        assert ask(people[who], "/profile")[0] == 200  # the form has begun to arrive, and nobody waits for it
        ending(server, ask, people[who])
        connection.send(body[100_000:])
        answer = connection.getresponse()
        page = answer.read().decode()
    assert answer.status == 401
    assert f'name="kept-body" value="Between us, from {who}"' in page
    assert "Files could not be kept" in page
    assert f"from {who}" not in ask(people["ren"], TICKET)[1]
    with closing(database_of(server)) as database:
        assert database.execute("SELECT count(*) FROM comments WHERE body LIKE 'Between us%'").fetchone() == (0,)
    assert "Traceback" not in server.log.read_text()


@pytest.mark.hardening("X-31", "L-14", "L-04")
@pytest.mark.parametrize("name", ["Cookie", "Last-Event-ID", "Referer", "X"])
def test_a_megabyte_in_a_header_or_an_address_is_refused_at_once(server, people, ask, name):
    def answer(path: str, **headers) -> int:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port, timeout=PATIENCE)) as connection:
            try:
                connection.request("GET", path, headers=headers)
                return connection.getresponse().status
            except (BrokenPipeError, ConnectionResetError):
                return 431  # refused before all of it was sent

    assert answer("/live?on=me", **{name: "x" * 1_000_000}) in (400, 431)
    assert answer(f"/tickets?q={'x' * 1_000_000}") in (400, 414, 431)
    assert ask(people["ren"], "/profile")[0] == 200
    assert len(server.log.read_text()) < 200_000
