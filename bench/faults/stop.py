"""SIGTERM with open streams and posts under way."""

import re
import time
from pathlib import Path

from bench.crowd import Crowd
from bench.faults import records
from bench.faults.posting import Posting
from bench.faults.rig import Rig, rig

STAFF = 10
PATIENCE = 5  # seconds


def run(tmp: Path, *, streams: int, clients: int = 10) -> dict:
    """The server is told to stop, with that many streams open, while so many clients post."""
    with rig(tmp, staff=STAFF, STREAMS_PER_USER=streams) as here:
        crowd, people = Crowd(), here.desk.staff
        crowd.join(here.port, [here.stream(people[n % STAFF], "ticket:1", "me") for n in range(streams)])
        crowd.heard.clear()
        with Posting(here, people, clients, pause=0.05) as posting:
            crowd.drain(2)
            code, took = _stop(here, crowd)
        whole = _whole(crowd)
        there = records.keys(here.desk.folder)["comment"]
        crowd.leave()
        here.server.start()
        return {
            "streams": streams,
            "exit code": code,
            "stopped after, s": round(took, 2),
            "streams that ended on a whole message": whole,
            "saved posts": len(posting.saved("comment")),
            "saved without an answer": len(set(there) - posting.saved("comment")),
            "saved and lost": len(posting.saved("comment") - set(there)),
            "longest gap, ms": here.gap(),
        }


def _stop(here: Rig, crowd: Crowd) -> tuple[int, float]:
    begun = time.monotonic()
    master = here.server.ask_to_stop()
    while master.poll() is None and time.monotonic() < begun + 20:
        crowd.drain(0.02)
    return master.returncode, time.monotonic() - begun


def _whole(crowd: Crowd) -> int:
    """How many ended on a whole message, once all have, or after PATIENCE: the last of it may still be on its way."""
    deadline = time.monotonic() + PATIENCE
    while True:
        crowd.drain(0.1)
        whole = sum(_is_whole(heard) for heard in crowd.heard.values())
        if whole == len(crowd) or time.monotonic() > deadline:
            return whole


def _is_whole(heard: bytes) -> bool:
    while match := re.match(rb"([0-9a-f]+)\r\n", heard):
        end = match.end() + int(match[1], 16)
        if heard[end : end + 2] != b"\r\n" or (int(match[1], 16) and not heard[:end].endswith(b"\n\n")):
            return False
        heard = heard[end + 2 :]
        if match[1] == b"0":
            return not heard
    return False
