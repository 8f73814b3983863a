"""What must hold before this process serves: it alone has the database, and the tables are those of its version."""

import fcntl
import os
import sqlite3
import time
from pathlib import Path
from typing import TextIO

from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from sqlalchemy.engine import make_url
from sqlalchemy.exc import DatabaseError

from informejo import db
from informejo.config import ROOT
from informejo.intake import mailboxes
from informejo.sso import providers
from informejo.tickets import files
from informejo.turns import trouble

PATIENCE = 10  # seconds: a worker whose master was killed needs half of them to end
POLL_SECONDS = 0.1
_held: list[TextIO] = []  # the kernel ends the lock when the last process that inherited the open file is gone


class Refused(RuntimeError):
    """This process must not serve; the message is a sentence."""


def sqlite_file(address: str) -> Path | None:
    """The file behind a DATABASE_URL, None where there is none."""
    url = make_url(address)
    return Path(url.database).absolute() if url.get_backend_name() == "sqlite" and url.database else None


def require_one_process(workers: int):
    """Raises Refused for more than one: hub, presence and the writer lock belong to one process."""
    if workers != 1:
        raise Refused(f"Informejo is one process; {workers} workers would not hear of each other. Set --workers to 1.")


def require_mailboxes(settings: dict):
    """Raises Refused with a sentence where MAILBOXES cannot be read: mail that is never fetched would not be missed."""
    try:
        mailboxes.read(settings)
    except ValueError as mistake:
        raise Refused(str(mistake)) from None


def require_providers(settings: dict):
    """Raises Refused with a sentence where the providers of single sign-on cannot be read: people could not come in."""
    try:
        providers.read(settings)
    except ValueError as mistake:
        raise Refused(str(mistake)) from None


def take_database(address: str, patience: float = PATIENCE):
    """Have this SQLite database for oneself and what is forked from here, until the last of these processes ends.

    Raises Refused if another server still has it after `patience` seconds. Databases that are no file are not taken.
    """
    database = sqlite_file(address)
    if database is None:
        return
    try:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        lock = database.with_name(f"{database.name}.lock").open("a+", encoding="ascii")
    except OSError as error:
        raise Refused(f"{database.parent} must belong to this account: {error.strerror}.") from None
    _wait_for(lock, database, patience)
    lock.truncate(0)
    lock.write(f"{os.getpid()}\n")
    lock.flush()
    _held.append(lock)


def require_schema(app: Flask):
    """Raises Refused unless the tables are those this version was written for, with what to do."""
    _require_file(sqlite_file(app.config["DATABASE_URL"]))
    migrations = ScriptDirectory(str(ROOT / "migrations"))
    present = _present(app)
    wanted = set(migrations.get_heads())
    if present == wanted:
        return
    found = ", ".join(sorted(present)) or "not there"
    if present - {script.revision for script in migrations.walk_revisions()}:
        raise Refused(
            f"A newer Informejo has changed the tables of this database ({found}), and this version does not know them."
            " Install the newer version again, or restore a backup that was made before it."
        )
    raise Refused(f"The tables are {found}, this version needs {', '.join(sorted(wanted))}. Run: bin/flask db upgrade")


def _present(app: Flask) -> set[str]:
    """The migrations that the tables have seen. After a kill, whoever opens the database next locks it for a moment."""
    deadline = time.monotonic() + PATIENCE
    while True:
        try:
            with app.app_context(), db.engine().connect() as connection:
                return set(MigrationContext.configure(connection).get_current_heads())
        except (DatabaseError, sqlite3.DatabaseError) as error:
            if trouble(error) != "busy" or time.monotonic() > deadline:
                reason = getattr(error, "orig", error)
                told = f"The database cannot be read: {reason}. Restore a backup, or mend what keeps it."
                raise Refused(told) from None
        time.sleep(POLL_SECONDS)


def look_for_files(app: Flask):
    """Say at once when the disk for files is not there. The desk serves all the same: texts can be read and written."""
    with app.app_context():
        if files.is_away():
            app.logger.error("%s Ask: bin/flask files", files.AWAY)
        db.session.remove()


def _require_file(database: Path | None):
    # Opening it would make one: an empty desk in the place of one whose disk is not mounted.
    if database is not None and not (database.exists() and database.stat().st_size):
        raise Refused(
            f"The tables are not there: {database} is missing or empty. If there was a desk, look for its disk or"
            " restore a backup. For a new one run: bin/flask db upgrade"
        )


def _wait_for(lock: TextIO, database: Path, patience: float):
    deadline = time.monotonic() + patience
    while True:
        try:
            return fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if time.monotonic() > deadline:
                break
        time.sleep(POLL_SECONDS)
    lock.seek(0)
    raise Refused(
        f"Another server, process {lock.read().strip() or 'unknown'}, has {database} open. Two would not hear of each"
        " other. Stop that one first, or give this one a DATABASE_URL of its own."
    )
