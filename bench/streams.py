"""Many open streams on one worker: how fast a message reaches them, beside a bare loop, and what they cost."""

import argparse
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable
from concurrent.futures import ProcessPoolExecutor
from itertools import cycle, islice
from pathlib import Path
from tempfile import TemporaryDirectory

from bench import bookmarks
from bench.bookmarks import EPOCH
from bench.browser import quantile, reading, saying, summary
from bench.crowd import Crowd, newest
from bench.server import Desk, allow_files, bare, desk, headers, kernel_memory, machine, running
from informejo.live.bookmark import Bookmark

HERE = Path(__file__).resolve().parent
BARE = 2_000  # bare answers, beside which the opening of a stream is seen
# What a browser sends with its request for a stream, so that reading it costs what it costs.
CHROMIUM = {
    "Connection": "keep-alive",
    "Sec-CH-UA-Platform": '"Linux"',
    "Sec-CH-UA": '"Not:A-Brand";v="8", "Chromium";v="156"',
    "Sec-CH-UA-Mobile": "?0",
    "HX-Request-Type": "partial",
    "HX-Current-URL": "http://127.0.0.1:8000/queue",
    "HX-Source": "div#stream",
    "HX-Target": "div#stream",
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0",
    "Accept": "text/html, text/event-stream",
    "Accept-Encoding": "gzip, deflate, br, zstd",
    "Sec-Fetch-Mode": "same-origin",
    "Sec-Fetch-Dest": "empty",
    "Referer": "http://127.0.0.1:8000/queue",
}
WARM = 200  # streams that are open before memory is measured: what is needed once does not count
VIEWERS, POSTS = 100, 200
REST_SECONDS = 30  # two heartbeats of each stream
BUSY_SECONDS, EVERY = 10, 0.25  # how long, and how often in seconds, comments are posted while a page is read
ROW = "{:20}" + "{:>10}" * 5
FIGURE = "{:42} {}"


def main():
    options = _options()
    allow_files(options.streams + 1000)
    print(machine(), f"{options.streams} streams, {options.events} events", "", sep="\n")
    print(ROW.format("ms from publish to", "first", "median", "p99", "last", "written"))
    frames, figures = [_frame(number) for number in range(options.events)], []
    with ProcessPoolExecutor(2) as others:  # other people, each in a process of their own
        list(others.map(time.sleep, [0.1, 0.1]))  # begun before there are sockets they would inherit
        if options.only != "loop":
            frames, figures = _desk(options.streams, options.events, others)
        if options.only != "hub":
            _loops(options.streams, frames)  # right after the hub, while the machine is as busy as it was
        if options.only != "loop":
            figures += _own_tickets(options.streams) + _bare(min(options.streams, BARE)) + _viewers(others)
    print("", *(FIGURE.format(*figure) for figure in figures), sep="\n")


def _desk(streams: int, events: int, others: ProcessPoolExecutor) -> tuple[list[bytes], list[tuple]]:
    """All streams on the queue, where every event goes to everybody; returns the messages, and what else there is."""
    crowd = Crowd()
    with desk() as here, running(here, STREAMS_PER_USER=streams, STREAMS_TOTAL=streams):
        watchers = islice(cycle(here.staff), streams)
        opened = _join(crowd, here, [_stream(here, cookie, "queue", "desk", "me") for cookie in watchers])
        resting = _rest(crowd, here)
        frames, alone = _events(crowd, here, events, others)
        busy = _pages(crowd, here, others)
    crowd.leave()
    return frames, [("all on the queue", opened), ("the same at rest", resting), *alone, *busy]


def _own_tickets(streams: int) -> list[tuple]:
    """As many requesters, each on a ticket of their own: no channel is shared, so each stream costs the most."""
    crowd = Crowd()
    with desk(requesters=streams) as here, running(here, STREAMS_TOTAL=streams):
        requests = [_stream(here, cookie, f"ticket:{n}", "me") for n, cookie in enumerate(here.requesters, 1)]
        opened = _join(crowd, here, requests)
    crowd.leave()
    return [("each on their own ticket", opened)]


def _bare(answers: int) -> list[tuple]:
    """As many bare Flask answers behind the same kind of worker, each on a connection of its own."""
    crowd = Crowd()
    with bare() as port:
        requests = [f"GET /live HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n\r\n".encode()] * answers
        crowd.join(port, requests[:WARM])
        begun = time.monotonic()
        crowd.join(port, requests)
        took = time.monotonic() - begun
    crowd.leave()
    return [("bare Flask answers, one a connection", f"{answers / took:.0f} a second")]


def _viewers(others: ProcessPoolExecutor) -> list[tuple]:
    """A hundred people look at the ticket on which somebody writes."""
    crowd = Crowd()
    with desk(comments=50) as here, running(here):
        watchers = islice(cycle(here.staff[1:]), VIEWERS)
        crowd.join(here.port, [_stream(here, cookie, "ticket:1", "desk", "me") for cookie in watchers])
        crowd.drain(1)
        said = others.submit(saying, here.port, headers(here, here.staff[0]), 1, POSTS, 0.02)
        while not said.done():
            crowd.drain(0.1)
    crowd.leave()
    return [(f"POST of a comment, {VIEWERS} viewers", summary(said.result()))]


def _join(crowd: Crowd, here: Desk, requests: list[bytes]) -> str:
    crowd.join(here.port, requests[:WARM])
    crowd.drain(2)
    before, kernel, begun = here.memory(), kernel_memory(), time.monotonic()
    crowd.join(here.port, requests[WARM:])
    took = time.monotonic() - begun
    crowd.drain(2)
    more = len(requests) - WARM
    memory, kernel = (here.memory() - before) / more, (kernel_memory() - kernel) / more
    return f"{memory:.0f} bytes a stream, {kernel:.0f} in the kernel for both ends, {more / took:.0f} opened a second"


def _rest(crowd: Crowd, here: Desk) -> str:
    """What open streams cost while nothing happens: a heartbeat each, four times a minute."""
    before = here.cpu()
    crowd.drain(REST_SECONDS)
    share = 100 * (here.cpu() - before) / REST_SECONDS
    return f"{share:.1f} % of a core for heartbeats"


def _events(crowd: Crowd, here: Desk, events: int, others: ProcessPoolExecutor) -> tuple[list[bytes], list[tuple]]:
    """One comment after the other, with nothing else going on."""
    frames, spans, clicks, wrong = [], [], [], 0
    for _ in range(events):
        clicked = time.monotonic()
        post = others.submit(saying, here.port, headers(here, here.staff[0]), 1, 1, 0)
        moments = crowd.listen(newest)
        post.result()
        crowd.drain(0.2)
        frames.append(next(iter(crowd.heard.values())))
        wrong += crowd.wrong(1)
        spans.append((*here.published()[-1], moments))
        clicks.append(moments[-1] - clicked)
    _print("Informejo's hub", spans)
    return frames, [
        ("from the click to the last client", f"{1000 * statistics.median(clicks):.1f} ms"),
        ("lost, doubled or out of order", f"{wrong} of {events * len(crowd)} messages of {len(frames[0])} bytes"),
    ]


def _pages(crowd: Crowd, here: Desk, others: ProcessPoolExecutor) -> list[tuple]:
    """A requester reads their ticket over and over, first in peace, then while staff comments go out to all streams."""
    visit = (reading, here.port, headers(here, here.requesters[0]), "/tickets/1")
    comments = int(BUSY_SECONDS / EVERY)
    peace = others.submit(*visit, 2).result()
    page = others.submit(*visit, BUSY_SECONDS)
    said = others.submit(saying, here.port, headers(here, here.staff[1]), 1, comments, EVERY)
    crowd.listen(lambda heard: len(bookmarks.ids(heard)) == comments, 3 * BUSY_SECONDS)
    crowd.drain(0.2)
    wrong = crowd.wrong(comments)
    return [
        ("a page in peace", summary(peace)),
        (f"a page while {1 / EVERY:.0f} events a second go out", summary(page.result())),
        ("those POSTs", summary(said.result())),
        ("streams that lost or doubled one of these", f"{wrong} of {len(crowd)}"),
    ]


def _loops(streams: int, frames: list[bytes]):
    """The same bytes to as many sockets, by programs that do nothing else."""
    _loop("bare loop in Python", [sys.executable, HERE / "floor.py"], streams, frames)
    with TemporaryDirectory() as folder:
        subprocess.run(["cc", "-O2", "-o", f"{folder}/floor", HERE / "floor.c"], check=True)
        _loop("bare loop in C", [f"{folder}/floor"], streams, frames)


def _loop(name: str, command: list, streams: int, frames: list[bytes]):
    crowd, spans = Crowd(), []
    with subprocess.Popen([*command, str(streams)], stdin=subprocess.PIPE, stdout=subprocess.PIPE) as loop:
        crowd.join(int(loop.stdout.readline()), [b"GET / HTTP/1.1\r\n\r\n"] * streams)
        crowd.drain(1)
        for frame in frames:
            loop.stdin.write(b"%08d%b" % (len(frame), frame))
            loop.stdin.flush()
            moments = crowd.listen(newest)
            crowd.drain(0.2)
            spans.append((*map(float, loop.stdout.readline().split()), moments))
        loop.stdin.close()
    crowd.leave()
    _print(name, spans)


def _stream(here: Desk, cookie: str, *topics: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in (CHROMIUM | headers(here, cookie)).items()]
    query = "&".join(f"on={topic}" for topic in topics)
    return "\r\n".join([f"GET /live?{query} HTTP/1.1", f"Host: 127.0.0.1:{here.port}", *lines, "", ""]).encode()


def _frame(number: int) -> bytes:
    content = b"id: %b\ndata: %b\n\n" % (str(Bookmark(EPOCH, number + 1)).encode(), b"x" * 1940)
    return b"%x\r\n%b\r\n" % (len(content), content)


def _print(name: str, spans: Iterable[tuple[float, float, list[float]]]):
    """One row: of each event the moments counted from its publish, and of all events the median."""
    times = []
    for begun, ended, moments in spans:
        waits = [moment - begun for moment in moments]
        times.append([*(quantile(waits, part) for part in (0, 0.5, 0.99, 1)), 1000 * (ended - begun)])
    print(ROW.format(name, *(f"{statistics.median(column):.1f}" for column in zip(*times, strict=True))), flush=True)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.streams", description=__doc__)
    parser.add_argument("--streams", type=int, default=9000)
    parser.add_argument("--events", type=int, default=10)
    parser.add_argument("--only", choices=("hub", "loop"), help="one side alone")
    return parser.parse_args()


if __name__ == "__main__":
    main()
