"""Hours in small: many streams, posts at a steady rate, and whether anything grows."""

import re
import socket
import statistics
import threading
import time
from collections import Counter
from pathlib import Path

from bench.crowd import Crowd
from bench.faults.posting import Posting
from bench.faults.rig import Rig, rig

SAID = re.compile(rb"Said at ([\d.]+\d)")
WARM = 10  # seconds that do not count: what is needed once comes to stay


def run(tmp: Path, *, seconds: float, streams: int = 500, posts: float = 20) -> dict:
    """So many streams, so many posts a second, for so long."""
    clients = 10
    with rig(tmp, staff=clients, requesters=40, STREAMS_PER_USER=streams) as here:
        crowd, people = Crowd(), here.desk.staff
        files = here.files()
        crowd.join(here.port, [here.stream(people[n % clients], "ticket:1", "desk", "me") for n in range(streams)])
        begun, samples, heard = time.monotonic(), [], Counter()
        listening = Listening(here.port, here.stream(people[0], "ticket:1"))
        with Posting(here, people, clients, pause=clients / posts) as posting:
            while time.monotonic() < begun + seconds:
                crowd.drain(1)
                _count(crowd, heard)
                samples.append((time.monotonic() - begun, here.memory(), here.files()))
        crowd.drain(2)
        _count(crowd, heard)
        said, listener = posting.said, listening.stop()
        figures = {
            "streams": streams,
            "seconds": seconds,
            "posts": len(said),
            "posts that failed": sum(said.status != 303 for said in said),
            "messages lost or doubled": sum(abs(len(said) - heard[stream]) for stream in crowd.heard),
            "delivery, median ms, first and last sixth": _ends(listener),
            "streams at the end": int(here.noted()[-1]["streams"]),
            "post, median ms, first and last sixth": _ends([said.seconds * 1000 for said in said]),
            "memory, MB, first and last sixth": _ends([memory for at, memory, _ in samples if at > WARM]),
            "memory growth, MB in 10 min": _slope([(at, memory) for at, memory, _ in samples if at > WARM]),
            "open files, first and last sixth": _ends([files for at, _, files in samples if at > WARM]),
            "longest gap, ms": here.gap(begun),
        }
        crowd.leave()
        return figures | {"files left over": _left_over(here, files)}


class Listening:
    """One more stream, read by a thread: how long each comment took from its writer to here, in milliseconds."""

    def __init__(self, port: int, request: bytes):
        self._took: list[float] = []
        self._line = socket.create_connection(("127.0.0.1", port), 30)
        self._line.sendall(request)
        self._thread = threading.Thread(target=self._listen)
        self._thread.start()

    def stop(self) -> list[float]:
        self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join()
        self._line.close()
        return self._took

    def _listen(self):
        rest = b""
        while came := self._line.recv(65_536):
            whole, end, rest = (rest + came).rpartition(b"\n\n")
            now = time.monotonic()
            self._took += [1000 * (now - float(sent)) for sent in SAID.findall(whole)] if end else []


def _count(crowd: Crowd, counted: Counter):
    """Count the comments in what each stream heard, and forget it."""
    for stream, heard in crowd.heard.items():
        whole, _, rest = heard.rpartition(b"\n\n")
        counted[stream] += whole.count(b'id="comment-')
        crowd.heard[stream] = rest


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
