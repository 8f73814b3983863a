"""Whose turn it is to write: SQLite has one writer at a time, and who waits for it must not stop all others.

SQLite calls block the whole process. If a second greenlet waited inside SQLite for the first one's write lock, the
first could never run to release it. So writers queue here, on a lock that lets the other greenlets run.
"""

import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from sqlalchemy import Connection, event
from sqlalchemy.engine import Engine
from sqlalchemy.exc import TimeoutError
from sqlalchemy.pool import Pool

from informejo import metrics

PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=0")
WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "CREATE", "ALTER", "DROP")
BUSY_SECONDS = 10  # how long a write waits for another process before it gives up
BRIEF_SECONDS = 0.1  # the same for a write that can be left out
AT_ONCE = 10  # things that are dealt with in one turn
PAUSE = 0.0001  # seconds, in which under gevent all others run once
TROUBLES = {
    sqlite3.SQLITE_BUSY: "busy",
    sqlite3.SQLITE_LOCKED: "busy",
    sqlite3.SQLITE_FULL: "full",
    sqlite3.SQLITE_IOERR: "broken",
    sqlite3.SQLITE_READONLY: "broken",
    sqlite3.SQLITE_CANTOPEN: "broken",
    sqlite3.SQLITE_CORRUPT: "broken",
    sqlite3.SQLITE_NOTADB: "broken",
}
PRIMARY = 0xFF  # of SQLite's error codes; the bits above say more than anybody here asks

_writer = threading.Lock()
_patience: ContextVar[float | None] = ContextVar("patience", default=None)  # seconds, instead of BUSY_SECONDS
_voucher: ContextVar[Callable[[Connection], None] | None] = ContextVar("voucher", default=None)


def begin_write(connection: Connection):
    """Wait for the turn to write, if this transaction does not have it yet: what is read from now on stays true."""
    if connection.dialect.name == "sqlite":
        _take_the_turn(connection)
    voucher = _voucher.get()
    if voucher and not connection.info.get("vouched"):
        voucher(connection)
        connection.info["vouched"] = True


def vouch_with(voucher: Callable[[Connection], None] | None):
    """From now on this thread of work asks `voucher` once in each transaction, before it writes the first thing.

    It reads within the transaction that writes, so what it finds stays true until the end. To forbid, it raises.
    """
    _voucher.set(voucher)


@contextmanager
def briefly() -> Iterator[None]:
    """Inside the block a write waits for its turn BRIEF_SECONDS at most: for one that can be left out."""
    before = _patience.set(BRIEF_SECONDS)
    try:
        yield
    finally:
        _patience.reset(before)


@contextmanager
def unless_busy() -> Iterator[None]:
    """Inside the block, that others keep the database busy ends it, and is no fault: for work that comes again soon."""
    try:
        yield
    except Exception as error:
        if trouble(error) != "busy":
            raise


def give_way():
    """In the middle of a long write, let those have a turn who only read; who writes waits until it is over."""
    time.sleep(PAUSE)


def in_turns(things: Iterable, at_once: int = AT_ONCE) -> Iterator:
    """Each of them; whoever does something with thousands lets others have a turn in between."""
    for number, thing in enumerate(things, 1):
        yield thing
        if number % at_once == 0:
            give_way()


def trouble(error: BaseException) -> str | None:
    """What kept the database from doing it: `busy` with others, `full`, or `broken`; None for every other error."""
    if isinstance(error, TimeoutError):
        return "busy"  # all connections were taken
    cause = getattr(error, "orig", error)
    return TROUBLES.get(getattr(cause, "sqlite_errorcode", 0) & PRIMARY) if isinstance(cause, sqlite3.Error) else None


class _Busy(sqlite3.OperationalError):
    sqlite_errorcode = sqlite3.SQLITE_BUSY


@event.listens_for(Engine, "connect")
def _set_pragmas(connection, _record):
    if isinstance(connection, sqlite3.Connection):
        for pragma in PRAGMAS:
            connection.execute(f"PRAGMA {pragma}")


@event.listens_for(Engine, "before_cursor_execute")
def _begin_before_first_write(connection, _cursor, statement, *_):
    if statement.lstrip().upper().startswith(WRITES):
        begin_write(connection)


def _take_the_turn(connection):
    driver = connection.connection.driver_connection
    if driver.in_transaction:
        return
    patience = _patience.get() or BUSY_SECONDS
    began = time.monotonic()
    deadline = began + patience
    waited = False
    if not _writer.acquire(blocking=False):
        if not _writer.acquire(timeout=patience):
            raise _Busy("too many wait to write")
        waited = True
    connection.info["writing"] = True
    try:
        if waited:
            time.sleep(PAUSE)  # or all who wait would write one after the other while nobody else gets a turn
        _begin_immediate(driver, deadline)
    except BaseException:
        _release(connection.info)
        raise
    metrics.write_wait.observe(time.monotonic() - began)


def _begin_immediate(driver: sqlite3.Connection, deadline: float):
    pause = 0.005
    while True:
        try:
            return driver.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if trouble(error) != "busy" or time.monotonic() > deadline:
                raise
        time.sleep(pause)
        pause = min(pause * 2, 0.1)


@event.listens_for(Engine, "commit")
@event.listens_for(Engine, "rollback")
def _let_the_next_write(connection):
    _release(connection.info)


@event.listens_for(Pool, "reset")
def _let_the_next_write_after_a_crash(_connection, record, _state):
    _release(record.info)  # a greenlet that was killed inside a transaction ends here, without commit or rollback


def _release(info: dict):
    info.pop("vouched", None)
    info.pop("locked", None)
    if info.pop("writing", False):
        _writer.release()
