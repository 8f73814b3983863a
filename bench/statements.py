"""What SQLite is asked, counted and timed at its driver, where no read can pass unseen."""

import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import wraps
from unittest import mock

from sqlalchemy.engine import Engine

BY_ITSELF = ("PRAGMA", "BEGIN")  # what each connection and each transaction opens with: timed, not counted
CURSOR = ("execute", "executemany", "fetchone", "fetchmany", "fetchall")
CONNECTION = ("commit", "rollback")


@dataclass
class Asked:
    """So many statements so far, and the seconds inside SQLite: statements, the fetching of rows, commits."""

    statements: int = 0
    seconds: float = 0.0

    def watch(self, method: Callable) -> Callable:
        """The same method of the driver, which adds itself here."""

        @wraps(method)
        def watched(this, *args):
            begun = time.perf_counter()
            try:
                return method(this, *args)
            finally:
                self.seconds += time.perf_counter() - begun
                self.statements += method.__name__.startswith("execute") and not args[0].lstrip().startswith(BY_ITSELF)

        return watched


@contextmanager
def watched(engine: Engine) -> Iterator[Asked]:
    """Within it, whatever this process asks of SQLite, through `engine` or beside it."""
    asked = Asked()
    connect = _connect(asked)
    engine.dispose()  # connections that are open already are not watched
    try:
        # SQLAlchemy looks it up in the one module, everybody else in the other.
        with mock.patch("sqlite3.connect", connect), mock.patch("sqlite3.dbapi2.connect", connect):
            yield asked
    finally:
        engine.dispose()


def _connect(asked: Asked) -> Callable[..., sqlite3.Connection]:
    cursor = type("Cursor", (sqlite3.Cursor,), _watching(asked, sqlite3.Cursor, CURSOR))
    opens = {
        "cursor": lambda connection: sqlite3.Connection.cursor(connection, cursor),
        "execute": lambda connection, *args: connection.cursor().execute(
            *args
        ),  # the driver's own takes its own cursor
    }
    connection = type("Connection", (sqlite3.Connection,), opens | _watching(asked, sqlite3.Connection, CONNECTION))
    connect = sqlite3.connect
    return lambda *args, **options: connect(*args, factory=connection, **options)


def _watching(asked: Asked, driver: type, names: tuple[str, ...]) -> dict[str, Callable]:
    return {name: asked.watch(getattr(driver, name)) for name in names}
