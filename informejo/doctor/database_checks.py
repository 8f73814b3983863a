"""Whether the database can be used and trusted, and has the tables of this release."""

import sqlite3
import time
from contextlib import closing
from pathlib import Path

from alembic.script import ScriptDirectory

from informejo.config import ROOT
from informejo.doctor.checks import Answer, Patient, broken, look, reason, well
from informejo.text import file_size

WRITE_SECONDS = 0.25  # how long the doctor waits for another process that is writing
LARGE_LOG = 64 * 1024 * 1024  # bytes of write-ahead log that no checkpoint has taken away
NETWORK = {"9p", "afs", "ceph", "cifs", "fuse.glusterfs", "fuse.sshfs", "lustre", "nfs", "nfs4", "smb3", "smbfs"}
NEW = "bin/flask db upgrade  # for a new desk"
RESTORE = 'bin/flask restore "$(ls -d "$BACKUP_DIR"/2* | tail -n 1)"  # the newest backup; stop the server first'


def database(patient: Patient) -> Answer:
    """It opens, takes writes, and its pages hang together."""
    path = patient.database
    if path is None:
        return well("It is no SQLite database; its own tools look after it.")
    if not path.exists():
        return broken("It is not there. If there was a desk, look for its disk or restore a backup.", NEW)
    try:
        with closing(_open(path)) as connection:
            return _examine(connection, path, patient.patience)
    except sqlite3.OperationalError as error:
        return _refused(error)
    except sqlite3.DatabaseError as error:
        return broken(f"The file is no sound database: {reason(error)}.", RESTORE)


def schema(patient: Patient) -> Answer:
    """Its tables are those of this release."""
    newest = ScriptDirectory(str(ROOT / "migrations")).get_current_head()
    if patient.database is None:
        return well(f"This release wants {newest}.")
    with closing(_open(patient.database)) as connection:
        tables = {name for [name] in connection.execute("SELECT name FROM sqlite_master")}
        if not tables:
            return broken("It is empty. If there was a desk, look for its disk or restore a backup.", NEW)
        if "alembic_version" not in tables:
            return broken("The tables were not made by a migration.", "bin/flask db upgrade")
        [present] = connection.execute("SELECT version_num FROM alembic_version").fetchone() or [""]
    if present == newest:
        return well(f"The tables are those of this release, {newest}.")
    return broken(f"The tables are at {present or 'none'}, this release wants {newest}.", "bin/flask db upgrade")


def _open(path: Path) -> sqlite3.Connection:
    address = f"{path.absolute().as_uri()}?mode=rw"
    return sqlite3.connect(address, uri=True, timeout=WRITE_SECONDS, isolation_level=None)


def _refused(error: sqlite3.OperationalError) -> Answer:
    code = getattr(error, "sqlite_errorcode", 0) & 0xFF
    if code in (sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED):
        return look("Another process has been writing all the while.", 'fuser -v "$DATABASE_FILE"  # who has it open')
    return broken(
        f"It cannot be written to: {reason(error)}.", 'ls -ld "$DATABASE" "$DATABASE_FILE"; df -h "$DATABASE"'
    )


def _examine(connection: sqlite3.Connection, path: Path, patience: float) -> Answer:
    connection.execute("BEGIN IMMEDIATE")
    connection.execute("PRAGMA user_version = 0")  # BEGIN alone says nothing about a file that can only be read
    connection.execute("ROLLBACK")
    if _file_system(path) in NETWORK:
        return broken("It lies on a network file system, where locks cannot be relied on.", "Move it to a local disk.")
    [mode] = connection.execute("PRAGMA journal_mode").fetchone()
    if mode != "wal":
        return look(f"Its journal is {mode}, not wal: readers wait for writers.", "Start the server anew.")
    trouble = _quick_check(connection, patience * 0.6)
    if trouble:
        return broken(f"Its pages do not hang together: {trouble}.", RESTORE)
    waiting = _size(path.with_name(f"{path.name}-wal"))
    if waiting > LARGE_LOG:
        remedy = 'Start the server anew; if it grows again: fuser -v "$DATABASE_FILE"'
        return look(f"{file_size(waiting)} of writes wait beside it; some reader does not let go.", remedy)
    whole = "" if trouble == "" else " It is too large to be read through here."
    return well(f"It opens, takes writes, and has {file_size(_size(path))}.{whole}")


def _quick_check(connection: sqlite3.Connection, seconds: float) -> str | None:
    """What SQLite finds wrong, empty if nothing, None if it would take longer than that."""
    deadline = time.monotonic() + seconds
    connection.set_progress_handler(lambda: time.monotonic() > deadline, 100_000)
    try:
        [found] = connection.execute("PRAGMA quick_check(1)").fetchone()
    except sqlite3.OperationalError as error:
        if getattr(error, "sqlite_errorcode", 0) == sqlite3.SQLITE_INTERRUPT:
            return None
        raise
    finally:
        connection.set_progress_handler(None, 0)
    return "" if found == "ok" else found.splitlines()[-1]


def _file_system(path: Path) -> str:
    """The kind of file system, such as `ext4`: that of the longest mount point above the path."""
    found, longest, real = "", -1, str(path.resolve())
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        point = before.split()[4].replace("\\040", " ")
        if len(point) >= longest and (real + "/").startswith(point.rstrip("/") + "/"):
            found, longest = after.split()[0], len(point)
    return found


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0
