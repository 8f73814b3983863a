"""A desk, the real server on it, and a meter inside its worker: what every fault is tried out on."""

import os
import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from http.client import HTTPConnection, HTTPException
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import update

from bench import server as desks
from bench.browser import quantile
from informejo import clock, db, signals
from informejo.accounts.models import Session, User
from tests import world as cast
from tests.server import ROOT, Server

TICK = 0.05  # seconds between two looks at the clock, inside the worker
# gunicorn.conf.py as it is, and a meter that notes once a second what the worker is like.
METERED = """
exec(compile(open({conf!r}).read(), {conf!r}, "exec"))
_begin = post_worker_init

def post_worker_init(worker):
    _begin(worker)
    import gc, time
    import gevent
    from bench.rates import let_each_do_more
    from informejo import db
    from informejo.live.hub import hub
    let_each_do_more()
    notes = open({notes!r}, "a", buffering=1)

    def meter():
        worst, last, second = 0, time.monotonic(), 0
        while True:
            gevent.sleep({tick})
            now = time.monotonic()
            worst, last = max(worst, now - last - {tick}), now
            if now // 1 != second:
                greenlets = sum(isinstance(thing, gevent.Greenlet) for thing in gc.get_objects()) if {count} else 0
                with worker.wsgi.app_context():
                    connections = db.engine().pool.checkedout()
                own = hub._per_user[0]  # for a moment each minute, the stream on which the process hears itself
                print(now, worst, len(hub) - own, len(hub.listeners) - own, connections, greenlets, file=notes)
                worst, last, second = 0, time.monotonic(), now // 1

    gevent.spawn(meter)
"""
COUNTED = ("at", "gap", "streams", "channels", "connections", "greenlets")


class Rig:
    """`desk` has the people and their cookies, `server` can be started, stopped and killed."""

    def __init__(self, desk: desks.Desk, notes: Path, count: bool, settings: dict):
        self.desk, self.notes = desk, notes / "notes"
        conf = notes / "gunicorn.conf.py"
        metered = {"conf": str(ROOT / "gunicorn.conf.py"), "notes": str(self.notes), "tick": TICK, "count": count}
        conf.write_text(METERED.format(**metered))
        self.notes.touch()
        places = {"DATABASE_URL": f"sqlite:///{desk.folder}/bench.db", "UPLOAD_DIR": str(desk.folder / "files")}
        self.server = Server(notes, **({"LOG_LEVEL": "WARNING"} | places | settings))
        self.server.configuration = str(conf)

    @property
    def port(self) -> int:
        return self.server.port

    def start(self):
        self.server.start()
        self.desk.port, self.desk.worker = self.port, self.server.worker

    def headers(self, cookie: str) -> dict[str, str]:
        """What a browser of that person sends."""
        return {"Cookie": f"informejo={cookie}", "Sec-Fetch-Site": "same-origin"}

    def stream(self, cookie: str, *topics: str, since: str = "") -> bytes:
        """The bytes that ask for a stream."""
        query = urlencode([("on", topic) for topic in topics] + ([("since", since)] if since else []))
        lines = [f"{name}: {value}" for name, value in self.headers(cookie).items()]
        return "\r\n".join([f"GET /live?{query} HTTP/1.1", "Host: desk", *lines, "", ""]).encode()

    def noted(self, since: float = 0) -> list[dict[str, float]]:
        """What the meter noted after `since`, a moment of the monotonic clock; one entry a second."""
        lines = [dict(zip(COUNTED, map(float, line.split()), strict=True)) for line in _whole(self.notes)]
        return [line for line in lines if line["at"] > since]

    def gap(self, since: float = 0) -> int:
        """The longest time, in milliseconds, for which the worker served nobody."""
        return round(1000 * max((line["gap"] for line in self.noted(since)), default=0))

    def memory(self) -> float:
        """Megabytes of the worker that are in memory."""
        self.desk.worker = self.server.worker
        return self.desk.memory() / 2**20

    def files(self) -> int:
        """How many files and sockets the worker has open."""
        return len(list(Path(f"/proc/{self.server.worker}/fd").iterdir()))

    def broke(self) -> str:
        """What the log says of errors of our own, empty when there are none."""
        log = self.server.log.read_text(errors="replace")
        return log if "Traceback" in log or "incident " in log else ""


class Answer:
    """What came back: `status`, `text`, `headers`, and the `seconds` it took."""

    def __init__(self, status: int, text: str = "", headers=None, seconds: float = 0):
        self.status, self.text, self.headers, self.seconds = status, text, headers or {}, seconds


def ask(rig: Rig, method: str, path: str, cookie: str = "", fields=None, timeout: float = 30, **headers) -> Answer:
    """One request on a connection of its own; status 0 when there was no answer."""
    connection, begun = HTTPConnection("127.0.0.1", rig.port, timeout=timeout), time.monotonic()
    body = urlencode(fields) if isinstance(fields, dict) else fields
    kind = {"Content-Type": "application/x-www-form-urlencoded"} if isinstance(fields, dict) else {}
    try:
        connection.request(method, path, body, kind | rig.headers(cookie) | headers)
        answer = connection.getresponse()
        text = answer.read().decode(errors="replace")
        return Answer(answer.status, text, answer.headers, time.monotonic() - begun)
    except (OSError, HTTPException):
        return Answer(0, seconds=time.monotonic() - begun)
    finally:
        connection.close()


class Visits:
    """Somebody reads a page again and again beside all else; how long each answer took."""

    def __init__(self, rig: Rig, path: str, cookie: str, pause: float = 0.05):
        self.waits: list[float] = []
        self.statuses: list[int] = []
        self._begun: list[float] = []
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._read, args=(rig, path, cookie, pause))

    def __enter__(self) -> "Visits":
        self._thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        self._thread.join()

    def p99(self, since: float = 0) -> int:
        """Milliseconds, of those begun after `since` that were answered at all; `statuses` has the others as 0."""
        visits = zip(self._begun, self.waits, self.statuses, strict=False)  # one may be under way
        served = [wait for begun, wait, status in visits if status and begun > since]
        return round(quantile(served, 0.99)) if served else -1

    def _read(self, rig: Rig, path: str, cookie: str, pause: float):
        while not self._ended.wait(pause):
            self._begun.append(time.monotonic())
            answer = ask(rig, "GET", path, cookie)
            self.waits.append(answer.seconds)
            self.statuses.append(answer.status)


@contextmanager
def rig(tmp: Path, *, staff: int = 4, requesters: int = 1, within: str | None = None, count: bool = False, **settings):
    """The server runs on a desk with so many people; at the end it is stopped, or killed where it does not stop."""
    notes = tmp / f"rig-{time.monotonic_ns()}"
    notes.mkdir(parents=True)
    with desks.desk(staff=staff, requesters=requesters, within=within) as desk:
        signals.recorded.disconnect(desk.app.extensions["broadcast"].ring)
        signals.noticed.disconnect(desk.app.extensions["broadcast"].notice)
        here = Rig(desk, notes, count, settings)
        here.start()
        with _ending(here):
            yield here


def settle_in(here: Rig):
    """Everybody has a password, and was here an hour ago: reading a page would note that they are here again."""
    with here.desk.app.app_context():
        db.session.execute(update(User).values(password_hash=cast.password_hash()))
        db.session.execute(update(Session).values(seen_at=clock.now() - timedelta(hours=1)))
        db.commit()


@contextmanager
def _ending(here: Rig) -> Iterator[None]:
    try:
        yield
    finally:
        try:
            here.server.stop()
        except Exception:
            worker = here.server.worker
            here.server.kill()
            if worker:
                os.kill(worker, signal.SIGKILL)


def _whole(path: Path) -> list[str]:
    return [line for line in path.read_text().splitlines(keepends=True) if line.endswith("\n")]
