"""A finished backup: what its manifest says, which ones a folder holds, and whether what one says is true."""

import json
import re
import sqlite3
from contextlib import closing
from datetime import datetime
from pathlib import Path
from typing import NamedTuple

from informejo.backup.copying import checksum
from informejo.tickets.storage import named, place

DATABASE, FILES, MANIFEST = "informejo.db", "files", "manifest.json"
NAME = re.compile(r"\d{4}-\d{2}-\d{2}T\d{6}Z(-\d+)?")  # sorts by time
STORED_NAME = re.compile(r"[0-9a-f]{32}")
NEEDED = {"at", "schema", "counts", "last_event", "size", "database", "missing", "files"}
COUNTED = ("users", "tickets", "comments", "attachments", "events")


class Damaged(Exception):
    """It is not what its manifest says; the message is a sentence that names what is wrong."""


class Backup(NamedTuple):
    """A folder with a manifest. `at` (UTC) is when it was begun; `manifest` has what it holds."""

    folder: Path
    at: datetime
    manifest: dict

    @property
    def name(self) -> str:
        return self.folder.name

    @property
    def files(self) -> dict[str, dict]:
        """Stored name -> `size` in bytes and `sha256` of every file: those attached, and mails as they came."""
        return self.manifest["files"]

    @property
    def schema(self) -> str:
        """The migration its database stands at, empty for one that never saw a migration."""
        return self.manifest["schema"]


def newest(folder: Path | str) -> Backup | None:
    """The newest finished backup in that folder, None where there is none. Reads one manifest and nothing else."""
    return next(_readable(folder), None)


def all_in(folder: Path | str) -> list[Backup]:
    """Every finished backup in that folder, the newest first."""
    return list(_readable(folder))


def read(folder: Path) -> Backup:
    """The backup in that folder, unverified. Raises Damaged."""
    try:
        manifest = json.loads((folder / MANIFEST).read_text(encoding="utf-8"))
        backup = Backup(folder, datetime.fromisoformat(manifest["at"]), manifest)
        if lacking := NEEDED - manifest.keys():
            raise ValueError(f"it lacks {min(lacking)}")
        if strange := [name for name in backup.files if not STORED_NAME.fullmatch(name)]:
            raise ValueError(f"{strange[0]!r} is no name of a file")
    except FileNotFoundError:
        raise Damaged(f"{folder} is no finished backup: it has no {MANIFEST}.") from None
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise Damaged(f"{folder / MANIFEST} cannot be read: {error}.") from None
    return backup


def verify(folder: Path) -> Backup:
    """Read everything the backup holds and compare it with its manifest. Raises Damaged."""
    backup = read(folder)
    _verify_file(folder / DATABASE, backup.manifest["database"])
    for stored_name, expected in backup.files.items():
        _verify_file(place(folder / FILES, stored_name), expected)
    _verify_database(backup)
    return backup


def contents(database: sqlite3.Connection) -> dict:
    """What a database holds, as the manifest says it. The names of tables are ours, not a stranger's."""
    tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    schema = (
        database.execute("SELECT version_num FROM alembic_version").fetchone() if "alembic_version" in tables else None
    )
    last = database.execute("SELECT id, at FROM events ORDER BY id DESC LIMIT 1").fetchone()
    return {
        "schema": schema[0] if schema else "",
        "counts": {name: database.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in COUNTED},  # noqa: S608
        "last_event": {"id": last[0], "at": f"{last[1][:10]}T{last[1][11:19]}Z"} if last else None,
    }


def reading(path: Path, mode: str = "ro") -> closing[sqlite3.Connection]:
    """The SQLite database at `path`, opened by itself and closed with the block. It must exist."""
    address = f"{path.absolute().as_uri()}?mode={mode}"
    return closing(sqlite3.connect(address, uri=True, timeout=10, isolation_level=None))


def _readable(folder: Path | str):
    try:
        found = [path for path in Path(folder).iterdir() if NAME.fullmatch(path.name)]
    except OSError:
        return
    for path in sorted(found, reverse=True):
        try:
            yield read(path)
        except Damaged:
            continue


def _verify_file(path: Path, expected: dict):
    try:
        found = checksum(path)
    except FileNotFoundError:
        raise Damaged(f"{path} is missing.") from None
    except OSError as error:
        raise Damaged(f"{path} cannot be read: {error.strerror}.") from None
    if found != expected:
        raise Damaged(f"{path} has changed since the backup was made.")


def _verify_database(backup: Backup):
    try:
        with reading(backup.folder / DATABASE) as database:
            _verify_pages(backup.folder / DATABASE, database)
            stored = named(database).keys()
            found = contents(database)
    except sqlite3.Error as error:
        raise Damaged(f"{backup.folder / DATABASE} is no sound database: {error}.") from None
    if lost := stored - backup.files.keys() - set(backup.manifest["missing"]):
        raise Damaged(f"{backup.folder} lacks {len(lost)} files its database names, such as {min(lost)}.")
    if any(found[name] != backup.manifest[name] for name in found):
        raise Damaged(f"{backup.folder / MANIFEST} does not describe the database beside it.")


def _verify_pages(path: Path, database: sqlite3.Connection):
    (answer,) = database.execute("PRAGMA integrity_check(1)").fetchone()
    if answer != "ok":
        raise Damaged(f"{path} is no sound database: {answer}.")
    if broken := database.execute("PRAGMA foreign_key_check").fetchone():
        raise Damaged(f"{path} has a row in {broken[0]} whose {broken[2]} does not exist.")
