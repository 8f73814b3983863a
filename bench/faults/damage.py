"""The database is missing, empty, damaged, or may not be written."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from bench.faults.rig import Rig, ask, rig


def run(tmp: Path) -> dict:
    """Each in turn, on a desk of its own: the server is stopped, the damage done, the server started."""
    return {name: _after(tmp, damage) for name, damage in DAMAGES.items()}


def _after(tmp: Path, damage) -> dict:
    with rig(tmp) as here:
        here.server.stop()
        database = here.desk.folder / "bench.db"
        with closing(sqlite3.connect(database)) as connection:
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
        damage(database)
        before = database.read_bytes() if database.exists() else None
        return _try(here) | {"untouched": (database.read_bytes() if database.exists() else None) == before}


def _try(here: Rig) -> dict:
    """What the server does: end with a sentence, or answer with words."""
    written = here.server.log.stat().st_size
    master = here.server.spawn()
    deadline = time.monotonic() + 60
    while master.poll() is None and not ask(here, "GET", "/healthz").status and time.monotonic() < deadline:
        time.sleep(0.1)
    figures = {"ended with code": master.poll()}
    if master.poll() is None:
        cookie = here.desk.staff[0]
        figures["page"] = ask(here, "GET", "/tickets/1", cookie).status
        figures["comment"] = ask(here, "POST", "/tickets/1/comments", cookie, {"body": "Does it hold?"}).status
    log = here.server.log.read_bytes()[written:].decode()
    said = [line.partition(": ")[2] for line in log.splitlines() if "CRITICAL" in line or "database broken" in line]
    return figures | {"said": said[:1], "traceback": "Traceback" in log}


def _empty(database: Path):
    database.write_bytes(b"")


def _torn(database: Path):
    content = bytearray(database.read_bytes())
    content[8192 : len(content) // 2] = b"\xa5" * (len(content) // 2 - 8192)
    database.write_bytes(content)


DAMAGES = {"missing": Path.unlink, "empty": _empty, "torn": _torn}
