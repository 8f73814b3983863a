"""The server's own time: the app called as gunicorn calls it, in this process, without a network."""

import statistics
import time
from dataclasses import dataclass
from typing import NamedTuple

from flask import Flask
from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench import statements
from bench.browser import comment, quantile
from bench.server import Desk, headers
from informejo import db

IN_A_ROW = 10  # calls of the one before the other's turn: a slow moment of the machine meets both, and neither is cold
WATCHED = 20  # calls whose statements are counted


class Call(NamedTuple):
    """What one took, in seconds: until it was through, and of the processor. And the bytes of its answer."""

    wait: float
    work: float
    length: int


@dataclass(frozen=True)
class Own:
    """Milliseconds, each the median of its calls."""

    page: float
    bare: float  # a bare Flask's answer of as many bytes, called in turns with the page
    times: float  # the one divided by the other
    times_work: float  # the same of the processor's time
    sqlite: float  # of the page's own, with the clock at each call of the driver
    statements: float
    bytes: int


def own(here: Desk, path: str, times: int) -> Own:
    """What that page costs. A path with a place for a number is posted to."""
    here.app.extensions["rates"].storage.reset()  # nobody changes so much so fast
    length = _call(here.app, _environ(here, path)).length
    bare, calls = _bare(length), ([], [])
    for _ in range(-(-times // IN_A_ROW)):
        for app, into in zip((here.app, bare), calls, strict=True):
            into += [_call(app, _environ(here, path)) for _ in range(IN_A_ROW)]
    page, alone = (quantile([call.wait for call in each], 0.5) for each in calls)
    page_work, alone_work = (quantile([call.work for call in each], 0.5) for each in calls)
    return Own(page, alone, page / alone, page_work / alone_work, *_in_sqlite(here, path), length)


def own_time(here: Desk, path: str, times: int) -> float:
    """The median of so many calls, in milliseconds."""
    return quantile([own_call(here, path).wait for _ in range(times)], 0.5)


def own_call(here: Desk, path: str) -> Call:
    """One call of that page."""
    return _call(here.app, _environ(here, path))


def _bare(length: int) -> Flask:
    """What no page of Flask's can be faster than: one view, a ready string, nothing asked and nothing drawn."""
    app, text = Flask("bare", static_folder=None), "x" * length
    app.add_url_rule("/<path:page>", view_func=lambda page: text, methods=["GET", "POST"])
    return app


def _call(app: Flask, environ: dict) -> Call:
    begun, worked = time.perf_counter(), time.thread_time()
    body, status, _ = run_wsgi_app(app, environ, buffered=True)
    wait, work = time.perf_counter() - begun, time.thread_time() - worked
    if not status.startswith("200"):
        raise RuntimeError(f"{environ['PATH_INFO']}: {status}")
    return Call(wait, work, len(b"".join(body)))


def _in_sqlite(here: Desk, path: str) -> tuple[float, float]:
    """Milliseconds and statements of one call."""
    here.app.extensions["rates"].storage.reset()
    with here.app.app_context():
        engine = db.engine()
    seconds, counts = [], []
    with statements.watched(engine) as asked:
        for _ in range(WATCHED):
            before = asked.seconds, asked.statements
            _call(here.app, _environ(here, path))
            seconds.append(asked.seconds - before[0])
            counts.append(asked.statements - before[1])
    return quantile(seconds, 0.5), statistics.median(counts)


def _environ(here: Desk, path: str) -> dict:
    form = {"method": "POST", "data": comment()} if "{}" in path else {}
    return EnvironBuilder(path=path.format(2), headers=headers(here, here.staff[-1]), **form).get_environ()
