"""The disk is full: what people read goes on, what they write is refused in words, it recovers by itself."""

import os
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from html import unescape
from pathlib import Path

from bench.crowd import Crowd
from bench.faults import records
from bench.faults.posting import post, with_file
from bench.faults.rig import Answer, Rig, ask, rig, settle_in
from tests import world as cast

SIZE = "24m"
REFUSED = (503, 507)
TEXT = "This is what I had typed, letter by letter."


def run(tmp: Path, *, rounds: int) -> dict:
    """Data, and what is being uploaded, are on a small disk; it is filled, and everything is tried `rounds` times."""
    with _small_disk(tmp) as disk, rig(tmp, staff=20, within=str(disk), TMPDIR=disk) as here:
        settle_in(here)
        crowd = Crowd()
        crowd.join(here.port, [here.stream(here.desk.staff[n], "ticket:1", "desk", "me") for n in range(3)])
        before = post(here, here.desk.staff[0], "comment", secrets.token_hex(12)).status
        _fill(disk)
        reads, writes = _try_everything(here, rounds)
        crowd.listen(lambda heard: b"event: beat" in heard, 20)
        (disk / "filler").unlink()
        recovered = _recover(here)
        figures = _judge(reads, writes) | {
            "status before": before,
            "streams that went on": sum(b"event: beat" in heard for heard in crowd.heard.values()),
            "recovered after, s": recovered,
            "unsound": records.unsound(here.desk.folder),
            "errors of our own": here.broke(),
            "longest gap, ms": here.gap(),
        }
        crowd.leave()
    return figures


@contextmanager
def _small_disk(tmp: Path) -> Iterator[Path]:
    disk = tmp / f"disk-{time.monotonic_ns()}"
    disk.mkdir(parents=True)
    mounted = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", f"size={SIZE}", "desk", disk], capture_output=True, text=True, check=False
    )
    if mounted.returncode:
        raise RuntimeError(f"A small disk cannot be mounted here (it takes root, or unshare -rm): {mounted.stderr}")
    try:
        yield disk
    finally:
        subprocess.run(["umount", "-l", disk], check=True)


def _fill(disk: Path):
    with (disk / "filler").open("wb", buffering=0) as filler:
        for size in (1_000_000, 4096, 1):
            try:
                while True:
                    filler.write(bytes(size))
            except OSError:
                pass
    os.sync()


def _try_everything(here: Rig, rounds: int) -> tuple[list[Answer], dict[str, list[Answer]]]:
    reads, writes = [], {}
    agent, multipart = here.desk.staff[0], {"Content-Type": "multipart/form-data; boundary=x"}
    for number in range(rounds):
        reads += [ask(here, "GET", path, agent) for path in ("/tickets/1", "/queue", "/tickets/new", "/profile")]
        key, htmx = secrets.token_hex(12), {"HX-Request": "true"}
        tries = {
            "new": ("/tickets", {"title": "No room left", "description": TEXT, "key": key}, {}),
            "comment": ("/tickets/1/comments", {"body": TEXT, "key": key}, {}),
            "comment by htmx": ("/tickets/1/comments", {"body": TEXT, "key": key}, htmx),
            "draft": ("/drafts", {"draft": "ticket:1", "body": TEXT}, htmx),
            "upload": ("/tickets/1/comments", with_file(key, 3_000_000, TEXT), multipart),
            "upload by htmx": ("/tickets/1/comments", with_file(key, 3_000_000, TEXT), multipart | htmx),
            "sign-in": ("/sign-in", {"email": f"agent-{number % 20}@example.org", "password": cast.PASSWORD}, {}),
        }
        for name, (path, fields, headers) in tries.items():
            cookie = "" if name == "sign-in" else agent
            writes.setdefault(name, []).append(ask(here, "POST", path, cookie, fields, **headers))
    return reads, writes


def _judge(reads: list[Answer], writes: dict[str, list[Answer]]) -> dict:
    answers = [answer for tried in writes.values() for answer in tried]
    plain = [answer for name in ("new", "comment", "upload", "upload by htmx") for answer in writes[name]]
    return {
        "reads": len(reads),
        "reads that failed": sum(answer.status != 200 for answer in reads),
        "writes": len(answers),
        "writes that were refused": sum(answer.status in REFUSED for answer in answers),
        "refused without Retry-After": sum("Retry-After" not in answer.headers for answer in answers),
        "texts that did not come back": sum(TEXT not in unescape(answer.text) for answer in plain),
        "statuses": {name: sorted({answer.status for answer in tried}) for name, tried in writes.items()},
    }


def _recover(here: Rig) -> float:
    begun = time.monotonic()
    while post(here, here.desk.staff[0], "file", secrets.token_hex(12)).status != 303 and time.monotonic() < begun + 30:
        time.sleep(0.1)
    return round(time.monotonic() - begun, 2)
