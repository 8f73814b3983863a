"""Hours in small: many streams, posts at a steady rate, and whether anything grows."""

import re
import socket
import statistics
import threading
import time
from pathlib import Path

from bench.faults.posting import Posting
from bench.faults.rig import Rig, rig
from bench.faults.storm import Browsers

SAID = re.compile(rb"Said at ([\d.]+\d)")
WARM = 10  # seconds that do not count: what is needed once comes to stay


def run(tmp: Path, *, seconds: float, streams: int = 500, posts: float = 20) -> dict:
    """So many streams, so many posts a second, for so long."""
    clients = 10
    with rig(tmp, staff=clients, requesters=40, STREAMS_PER_USER=streams) as here:
        people, files = here.desk.staff, here.files()
        pages = Browsers(here, [here.stream(people[n % clients], "ticket:1", "desk", "me") for n in range(streams)])
        for page in pages.all:
            page.comments = InOrder()
        pages.follow(60, until=lambda: pages.open() == streams)
        begun, samples = time.monotonic(), []
        listening = Listening(here.port, here.stream(people[0], "ticket:1"))
        with Posting(here, people, clients, pause=clients / posts) as posting:
            while time.monotonic() < begun + seconds:
                pages.follow(1)
                samples.append((time.monotonic() - begun, here.memory(), here.files()))
        pages.follow(5)  # also those whose stream was just renewed
        said, listener = posting.said, listening.stop()
        figures = {
            "streams": streams,
            "seconds": seconds,
            "posts": len(said),
            "posts that failed": sum(said.status != 303 for said in said),
            "messages lost or doubled": sum(page.comments.missing(len(said)) for page in pages.all),
            "delivery, median ms, first and last sixth": _ends(listener),
            "streams at the end": int(here.noted()[-1]["streams"]),
            "post, median ms, first and last sixth": _ends([said.seconds * 1000 for said in said]),
            "memory, MB, first and last sixth": _ends([memory for at, memory, _ in samples if at > WARM]),
            "memory growth, MB in 10 min": _slope([(at, memory) for at, memory, _ in samples if at > WARM]),
            "open files, first and last sixth": _ends([files for at, _, files in samples if at > WARM]),
            "longest gap, ms": here.gap(begun),
        }
        pages.leave()
        return figures | {"files left over": _left_over(here, files)}


class InOrder:
    """The comments one page has heard: how many, and how many of them came again or after a later one."""

    def __init__(self):
        self.count = self.amiss = self._last = 0

    def missing(self, said: int) -> int:
        return abs(said - self.count) + self.amiss

    def update(self, ids: set[bytes]):
        for id in sorted(map(int, ids)):
            self.count, self.amiss, self._last = self.count + 1, self.amiss + (id <= self._last), id


class Listening:
    """One more stream, read by a thread: how long each comment took from its writer to here, in milliseconds."""

    def __init__(self, port: int, request: bytes):
        self._took: list[float] = []
        self._port, self._request, self._stopped = port, request, threading.Event()
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def stop(self) -> list[float]:
        self._stopped.set()
        self._thread.join()
        return self._took

    def _listen(self):
        while not self._stopped.is_set():  # a stream is renewed now and then
            with socket.create_connection(("127.0.0.1", self._port), 30) as line:
                line.sendall(self._request)
                line.settimeout(0.5)
                self._read(line)

    def _read(self, line: socket.socket):
        rest = b""
        while not self._stopped.is_set():
            try:
                came = line.recv(65_536)
            except TimeoutError:
                continue
            if not came:
                return
            whole, end, rest = (rest + came).rpartition(b"\n\n")
            now = time.monotonic()
            self._took += [1000 * (now - float(sent)) for sent in SAID.findall(whole)] if end else []


def _ends(values: list[float]) -> list[float]:
    sixth = max(1, len(values) // 6)
    return [round(statistics.median(part), 1) for part in (values[:sixth], values[-sixth:])]


def _slope(points: list[tuple[float, float]]) -> float:
    if len(points) < 2:
        return 0.0
    return round(600 * statistics.linear_regression(*zip(*points, strict=True)).slope, 2)


def _left_over(here: Rig, files: int) -> int:
    """What is open when everybody has left and was not before; the database's pool keeps some connections."""
    begun = time.monotonic()
    while here.files() > files and time.monotonic() < begun + 10:
        time.sleep(0.5)
    return here.files() - files
