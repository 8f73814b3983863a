"""Another process holds the database's write lock for a while, as a careless script or a backup tool would."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.crowd import Crowd
from bench.faults.posting import Posting
from bench.faults.rig import Visits, rig
from informejo.live.hub import BEAT_SECONDS


def run(tmp: Path, *, seconds: float, clients: int = 20, streams: int = 200) -> dict:
    """The lock is held for so long while people post, read and listen."""
    with rig(tmp, staff=clients, STREAMS_PER_USER=streams) as here:
        crowd, people = Crowd(), here.desk.staff
        crowd.join(here.port, [here.stream(people[n % clients], "ticket:1", "me") for n in range(streams)])
        path = f"file:{here.desk.folder}/bench.db"
        begun = time.monotonic()
        with Visits(here, "/tickets/1", people[0], 0.1) as visits, Posting(here, people, clients) as posting:
            with closing(sqlite3.connect(path, uri=True, isolation_level=None, timeout=5)) as other:
                other.execute("BEGIN IMMEDIATE")
                crowd.drain(seconds)
                other.execute("ROLLBACK")
            crowd.drain(5)  # the last heartbeat may be under way
        heard = sum(b"event: beat" in heard for heard in crowd.heard.values())
        figures = {
            "held, s": seconds,
            "posts": len(posting.said),
            "statuses": posting.statuses(),
            "slowest post, s": round(max(said.seconds for said in posting.said), 1),
            "heartbeats missing": streams - heard if seconds >= BEAT_SECONDS else 0,
            "page, p99 ms": visits.p99(),
            "pages that failed": sum(status != 200 for status in visits.statuses),
            "errors of our own": here.broke(),
            "longest gap, ms": here.gap(begun),
        }
        crowd.leave()
    return figures
