"""The worker, and now and then its master, dies without a word while people post."""

import random
import time
from pathlib import Path

from bench.faults import records
from bench.faults.posting import Posting
from bench.faults.rig import Rig, ask, rig

KINDS = ("comment", "comment", "ticket", "comment", "file")
MOMENTS = (0.2, 2.0)  # seconds after it answers again


def run(tmp: Path, *, kills: int, clients: int, moments: tuple[float, float] = MOMENTS) -> dict:
    """Kill it so many times, each fifth time with its master."""
    back, unsound = [], []
    # As many people as clients: each may post 300 times a minute.
    with rig(tmp, requesters=clients, staff=clients) as here:
        with Posting(here, here.desk.staff, clients, KINDS) as posting:
            for number in range(1, kills + 1):
                time.sleep(random.uniform(*moments))
                back.append(_kill(here, master=number % 5 == 0))
                unsound.append(records.unsound(here.desk.folder))
        broke, gap = here.broke(), here.gap()
        here.server.stop()
        figures = _compare(here, posting)
    return {
        "kills": kills,
        **figures,
        "times unsound": sum(map(bool, unsound)),
        "slowest return, s": round(max(back), 2),
        "errors of our own": broke,
        "longest gap, ms": gap,
    }


def _kill(here: Rig, *, master: bool) -> float:
    """Returns after how many seconds it answered again."""
    begun = time.monotonic()
    if master:
        here.server.kill()
        here.start()
    else:
        here.server.kill_worker()
    while ask(here, "GET", "/sign-in", timeout=2).status != 200:
        time.sleep(0.02)
    return time.monotonic() - begun


def _compare(here: Rig, posting: Posting) -> dict:
    there = records.keys(here.desk.folder)
    saved = {kind: posting.saved(kind) for kind in ("comment", "ticket", "file")}
    wanted = saved["comment"] | saved["ticket"] | saved["file"]
    rows = [*there["comment"], *there["ticket"]]
    lost = (wanted - set(rows)) | (saved["file"] - set(there["file"]))
    return {
        "saved posts": len(wanted),
        "saved and lost": len(lost),
        "doubled": len(rows) - len(set(rows)),
        "there without an answer": len(set(rows) - wanted),
        "without an answer": posting.unanswered(),
        "created events amiss": records.created_more_or_less_than_once(here.desk.folder),
        "other answers": {status: n for status, n in posting.statuses().items() if status not in (0, 200, 303)},
    }
