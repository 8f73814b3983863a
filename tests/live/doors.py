"""A request for a stream as the server passes it on, and what becomes of it."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from informejo import db, logs
from informejo.events import log
from informejo.live import bookmark
from informejo.live.hub import hub
from informejo.live.subscription import Subscription
from tests.live.sockets import chunks, received
from tests.live.sse import parse

DIFFER = ("date", "x-request-id")  # in each head


class Outcome:
    """What became of one request: its status; of a stream its head, what it listens to, and what it was greeted with.

    `quick` says whether Flask had nothing to do with it.
    """

    def __init__(self, status: int, raw: bytes, opened: set[Subscription]):
        head, _, body = raw.partition(b"\r\n\r\n")
        self.status, self.heads, self.open, self.quick = status, raw.count(b"HTTP/1.1 "), len(opened), False
        self.channels = {channel for one in opened for channel in one.channels}
        self.head = dict(line.lower().split(": ", 1) for line in head.decode().split("\r\n")[1:])
        self.greeting = parse(b"".join(content for _, content in chunks(body)))

    def comparable(self) -> tuple:
        """All that must be the same through whichever door it came."""
        head = {name: value for name, value in self.head.items() if name not in DIFFER}
        said = [(event, event == "ready" or data, bookmark.read(id, log.epoch())) for event, data, id in self.greeting]
        return self.status, head, self.channels, said


@contextmanager
def asking(app, monkeypatch) -> Iterator[Callable[..., Outcome]]:
    """Gives `ask("on=me", ...)`: one request for a stream as the server passes it on, and its outcome.

    With `to_flask` it does not come through the quick door at all.
    """
    for name in ("_epoll", "_watcher", "_socket"):  # begun anew for this test, as in a process of its own
        monkeypatch.setattr(hub, name, None)
    monkeypatch.setattr(hub, "_pause", hub._pause)
    started = []

    def note(_app, **_):
        started.append(True)

    def ask(query="on=queue", headers=None, *, method="GET", path="/live", to_flask=False, **more):
        environ = EnvironBuilder(path, query_string=query, method=method, headers=headers).get_environ() | more
        started.clear()
        logs.access.setLevel("DEBUG" if to_flask else "NOTSET")  # so each request has a line, which Flask's way writes
        outcome = _outcome(app.wsgi_app, environ)
        outcome.quick = not started
        db.session.rollback()
        return outcome

    flask.request_started.connect(note)
    yield ask
    flask.request_started.disconnect(note)
    logs.access.setLevel("NOTSET")
    if hub._watcher:
        hub._watcher.stop()
        hub._epoll.close()


def _outcome(serve, environ: dict) -> Outcome:
    before = set(hub.subscriptions())
    with _connection() as (connection, browser):
        try:
            status = int(run_wsgi_app(serve, {"gunicorn.socket": connection} | environ)[1][:3])
        except BrokenPipeError:  # the hub has it
            status = 200
        opened = set(hub.subscriptions()) - before
        outcome = Outcome(status, received(browser), opened)
        for one in opened:
            hub.drop(one)
    return outcome


@contextmanager
def _connection() -> Iterator[tuple[socket.socket, socket.socket]]:
    """One connection: the server's end, and the browser's."""
    with socket.create_server(("127.0.0.1", 0)) as listener:
        browser = socket.create_connection(listener.getsockname())
        with browser, listener.accept()[0] as connection:
            browser.setblocking(False)
            yield connection, browser
