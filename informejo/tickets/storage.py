"""Whether files lie where their rows say: on the disk that UPLOAD_DIR names, and whole."""

import os
import re
import sqlite3
import time
from collections.abc import Collection, Mapping
from pathlib import Path
from typing import NamedTuple

FOLDER = re.compile(r"[0-9a-f]{2}")  # what every file lies in; `lost+found` of a fresh disk is none
OWNERS = {"attachments": "created_at", "incoming_mails": "received_at"}  # tables whose rows name a file, and since when
GIVEN_UP = "given-up"  # names, one a line, of lost files that whoever runs the desk does not look for any more


class Found(NamedTuple):
    """How many rows were compared with the disk, and the stored names of those that are not there, or not whole."""

    looked: int
    absent: list[str]


def naming(tables: Collection[str] = tuple(OWNERS)) -> str:
    """The statement that finds the stored name and the bytes of every file that a row names, the newest first."""
    parts = (f"SELECT stored_name, size, {OWNERS[table]} AS since FROM {table}" for table in tables)  # noqa: S608
    return f"{' UNION ALL '.join(parts)} ORDER BY since DESC"


def named(database: sqlite3.Connection) -> dict[str, int]:
    """What it finds in that database, which may be of an older release and not have all these tables."""
    known = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    tables = [table for table in OWNERS if table in known]
    return {name: size for name, size, _ in database.execute(naming(tables))} if tables else {}


def place(folder: Path, stored_name: str) -> Path:
    """Where a file lies in UPLOAD_DIR, and in every copy of it."""
    return folder / stored_name[:2] / stored_name[2:4] / stored_name


def is_whole(file: Path | str, size: int) -> bool:
    """Whether the file is there with that many bytes. It is not read: this is asked for each file of a page."""
    try:
        return os.stat(file).st_size == size  # noqa: PTH116 - a hundred thousand paths take longer than their files
    except OSError:
        return False


def is_bare(folder: Path) -> bool:
    """Whether there is nothing of ours in the folder, as in a place where no disk is mounted, or it is not there."""
    try:
        with os.scandir(folder) as entries:
            return not any(entry.name == GIVEN_UP or FOLDER.fullmatch(entry.name) for entry in entries)
    except OSError:
        return True


def compare(folder: Path, sizes: Mapping[str, int], seconds: float | None = None) -> Found:
    """Compare rows, as stored names with their bytes, with the folder; for at most so many seconds, in their order.

    Those that were given up do not count as absent.
    """
    until = None if seconds is None else time.monotonic() + seconds
    absent, looked, top = [], 0, str(folder)
    for name, size in sizes.items():
        if until and looked % 500 == 0 and time.monotonic() > until:
            break
        looked += 1
        if not is_whole(f"{top}/{name[:2]}/{name[2:4]}/{name}", size):
            absent.append(name)
    forgotten = given_up(folder) if absent else ()
    return Found(looked, [name for name in absent if name not in forgotten])


def given_up(folder: Path) -> set[str]:
    """The stored names of lost files that nobody looks for any more."""
    try:
        return set((folder / GIVEN_UP).read_text(encoding="ascii").split())
    except (OSError, UnicodeDecodeError):
        return set()


def give_up(folder: Path, names: Collection[str]):
    """Look for these no more."""
    lines = sorted(given_up(folder).union(names))
    (folder / GIVEN_UP).write_text("".join(f"{name}\n" for name in lines), encoding="ascii")
