"""Bringing a backup back: prepared beside what is there, put in place by one rename, nothing thrown away."""

import fcntl
import os
import secrets
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import chain, count
from pathlib import Path
from typing import NamedTuple

from informejo import clock
from informejo.backup import manifest
from informejo.backup.copying import checksum, copy, link_or_copy, make_folders, sync, sync_folders
from informejo.backup.exclusive import Taken, exclusive
from informejo.backup.manifest import DATABASE, FILES, Backup, Damaged
from informejo.tickets.storage import place
from informejo.turns import trouble

RESTORING, BEFORE = ".restoring", ".before-restore-"
# SQLite's lock bytes (sqlite.org/src/file/src/os_unix.c): whoever has a database in WAL mode open holds these.
SHARED_FIRST, SHARED_SIZE = 0x40000000 + 2, 510
# Who signed out or changed a password since would be signed in again, with a log that never heard of it.
FORGET = (
    "DELETE FROM sessions",
    "DELETE FROM half_sign_ins",
    "DELETE FROM setup_tokens",
    "DELETE FROM password_tokens",
    "DELETE FROM address_tokens",
    "DELETE FROM log_epoch",
)


class RestoreRefused(Exception):
    """The desk is as it was; the message is a sentence."""


class Restored(NamedTuple):
    """Where the desk as it was before lies now (`database`, None if there was none, and `files`) and its last event."""

    database: Path | None
    files: Path
    last_event: dict | None


def check(folder: Path, database: Path, schemas: set[str]) -> Backup:
    """The backup in `folder`, verified, if it may be restored now. `schemas` are the migrations this version knows.

    Raises RestoreRefused.
    """
    try:
        backup = manifest.verify(folder)
    except Damaged as damaged:
        raise RestoreRefused(f"The desk is as it was: this backup is damaged. {damaged}") from None
    if backup.schema and backup.schema not in schemas:
        raise RestoreRefused(
            "The desk is as it was: this backup was made by a newer Informejo."
            f" Its tables are at {backup.schema}, which this version does not know. Install the newer version first."
        )
    _require_unused(database)
    return backup


def restore(backup: Backup, database: Path, uploads: Path) -> Restored:
    """Put the verified backup in place of `database` and `uploads`. Raises RestoreRefused.

    Whenever it is interrupted, the desk is the old one or the new one: the backup's files are added to those that are
    there, which the old database does not mind; then one rename exchanges the database.
    """
    old, aside = _places_aside(database, uploads)
    try:
        with exclusive(uploads), _held(database) as last_event:
            staged = _stage(backup, database)
            _keep_files(uploads, aside)
            _add_files(backup, uploads)
            _own(uploads, staged, uploads, aside)
            kept = _exchange(staged, database, old)
            _remove_others(backup, uploads)
    except Taken as taken:
        raise RestoreRefused(str(taken)) from None
    except (OSError, sqlite3.Error) as error:
        raise RestoreRefused(f"The restore did not come to its end: {error}.") from error
    return Restored(old if kept else None, aside, last_event)


def _require_unused(database: Path):
    if not database.exists():
        return
    try:
        with database.open("rb+") as file:
            fcntl.lockf(file, fcntl.LOCK_EX | fcntl.LOCK_NB, SHARED_SIZE, SHARED_FIRST)
    except BlockingIOError:
        raise _in_use(database) from None


def _in_use(database: Path) -> RestoreRefused:
    return RestoreRefused(
        f"The desk is as it was: {database} is in use. Stop the server first, with systemd by"
        " `systemctl stop informejo.socket informejo.service`, and close every other program that has it open."
    )


@contextmanager
def _held(database: Path) -> Iterator[dict | None]:
    """Keep everybody out of the old database inside the block; yields its last event, None if there is none to read.

    Its write-ahead log is folded into it, so that one file is all of it.
    """
    _require_unused(database)
    if not database.exists():
        yield None
        return
    with manifest.reading(database, "rw") as connection:
        yield _fold(connection, database)


def _fold(connection: sqlite3.Connection, database: Path) -> dict | None:
    try:
        connection.execute("PRAGMA busy_timeout=0")
        connection.execute("PRAGMA journal_mode=DELETE")
        connection.execute("BEGIN EXCLUSIVE")
        return manifest.contents(connection)["last_event"]
    except sqlite3.Error as error:
        if trouble(error) == "busy":
            raise _in_use(database) from None
        return None  # too broken to say anything: that may be why it is replaced


def _stage(backup: Backup, database: Path) -> Path:
    staged = _beside(database, RESTORING)
    staged.unlink(missing_ok=True)
    database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    copy(backup.folder / DATABASE, staged)
    with manifest.reading(staged, "rw") as connection:
        connection.execute("BEGIN")
        tables = {name for (name,) in connection.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
        for statement in FORGET:
            if statement.rpartition(" ")[2] in tables:  # a backup of an older release does not have them all
                connection.execute(statement)
        connection.execute("INSERT INTO log_epoch (word) VALUES (?)", (secrets.token_hex(16),))
        connection.execute("COMMIT")
    return staged


def _keep_files(uploads: Path, aside: Path):
    """Everything as it was, under another name too: links take no room."""
    aside.mkdir(mode=0o700)
    for file in uploads.glob("*/*/*"):
        kept = place(aside, file.name)
        make_folders(kept.parent, aside)
        link_or_copy(file, kept)
    sync_folders(aside)
    sync(aside.parent)


def _add_files(backup: Backup, uploads: Path):
    for stored_name, expected in backup.files.items():
        file = place(uploads, stored_name)
        if not (file.is_file() and checksum(file) == expected):
            make_folders(file.parent, uploads)
            arriving = _beside(file, RESTORING)
            arriving.unlink(missing_ok=True)
            copy(place(backup.folder / FILES, stored_name), arriving)
            arriving.rename(file)
    sync_folders(uploads)  # before the database that names them


def _exchange(staged: Path, database: Path, old: Path) -> bool:
    """The one step that counts. Says whether there was a database before."""
    existed = database.exists()
    if existed:
        link_or_copy(database, old)
    for end in ("-wal", "-shm", "-journal"):  # only a broken one has any left; beside the new one they would ruin it
        with suppress(FileNotFoundError):
            _beside(database, end).rename(_beside(old, end))
    staged.rename(database)
    sync(database.parent)
    return existed


def _remove_others(backup: Backup, uploads: Path):
    for file in uploads.glob("*/*/*"):
        if file.name not in backup.files:
            file.unlink()  # its other name is in the folder that was put aside


def _places_aside(*paths: Path) -> list[Path]:
    """Where they are put as they were, under a name that nothing has: two restores may begin in one second."""
    moment = f"{BEFORE}{clock.now():%Y-%m-%dT%H%M%SZ}"
    ends = chain([moment], (f"{moment}-{number}" for number in count(2)))
    names = ([_beside(path, end) for path in paths] for end in ends)
    return next(places for places in names if not any(place.exists() for place in places))


def _beside(path: Path, end: str) -> Path:
    return path.with_name(path.name + end)


def _own(like: Path, *tops: Path):
    """What root restores belongs to whom the folder for files belongs to: the service must be able to write it."""
    if os.geteuid() != 0:
        return
    owner = like.stat()
    for top in tops:
        for path in [top, *top.rglob("*")]:
            os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)  # a link may lead to anybody's file
