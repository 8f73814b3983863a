"""The database: tables' base, SQLite's pragmas and writer lock, and the only place that commits."""

import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Enum, Executable, MetaData, Row, event, inspect
from sqlalchemy.engine import Engine
from sqlalchemy.exc import InvalidRequestError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, mapped_column
from sqlalchemy.pool import Pool
from sqlalchemy.types import TypeDecorator
from werkzeug.exceptions import NotFound

from informejo import metrics, signals

NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}
PRAGMAS = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "busy_timeout=0")
WRITES = ("INSERT", "UPDATE", "DELETE", "SAVEPOINT", "CREATE", "ALTER", "DROP")
BUSY_SECONDS = 10  # how long a write waits for another process before it gives up
TURN = 0.0001  # seconds, which under gevent is one turn of the loop
BRIEF_SECONDS = 0.1  # the same for a write that can be left out
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


class Base(DeclarativeBase):
    """Base of all tables; constraint names are fixed so that migrations can name them."""

    metadata = MetaData(naming_convention=NAMES)


class Moment(TypeDecorator):
    """A point in time: aware UTC in Python, UTC in the database, which on SQLite forgets the zone."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect):
        return value.astimezone(UTC) if value else value

    def process_result_value(self, value: datetime | None, dialect):
        return value.replace(tzinfo=UTC) if value and value.tzinfo is None else value


alchemy = SQLAlchemy(model_class=Base)  # Flask's extension; everybody else asks this module
Model, session = alchemy.Model, alchemy.session
migrate = Migrate(directory="migrations", render_as_batch=True)


def words(enum, **options):
    """A column that holds one word of `enum`, as plain text: a new word needs no migration."""
    return mapped_column(
        Enum(enum, native_enum=False, length=40, values_callable=lambda e: [m.value for m in e]), **options
    )


def init_app(app):
    """Configure the engine: SQLite waits in Python, so its driver must neither begin nor wait by itself."""
    app.config["SQLALCHEMY_DATABASE_URI"] = app.config["DATABASE_URL"]
    options = {"pool_size": 20, "max_overflow": 20, "pool_timeout": 10}
    options["hide_parameters"] = True  # what failed goes into the log; the texts and hashes it was about do not
    if app.config["DATABASE_URL"].startswith("sqlite"):
        options["connect_args"] = {"isolation_level": None, "check_same_thread": False, "timeout": 0}
    app.config.setdefault("SQLALCHEMY_ENGINE_OPTIONS", options)
    alchemy.init_app(app)
    migrate.init_app(app, alchemy)


def engine() -> Engine:
    """This app's way to its database."""
    return alchemy.engine


def dialect() -> str:
    """What kind of database it is: `sqlite` or `postgresql`."""
    return alchemy.engine.dialect.name


def rows(statement: Executable, **values) -> Sequence[Row]:
    """What the statement finds, as plain rows: for what is only read, and a third of the price of entities.

    `values` are those of its bound parameters; a statement that is built once is not built and hashed each time.
    """
    own = session()
    own.flush()  # as the session's own reads do: what was just written is found
    return own.connection().execute(statement, values).all()


def commit() -> list:
    """Keep what the actions of this request did, ring the bells for it, and return the events they recorded.

    Doors call this once per request; actions never do. A failed commit leaves nothing behind and rings nothing.
    """
    recorded = session.info.pop("recorded", [])
    topics = session.info.pop("noticed", ())
    try:
        session.commit()
    except BaseException:
        session.rollback()
        raise
    if recorded:
        signals.recorded.send()
    for topic in topics:
        signals.noticed.send(topic)
    return recorded


def commit_if_possible(write: Callable[[], bool]):
    """Do and commit a write that can be left out, and leave it out when the database cannot take it just now."""
    patience = _patience.set(BRIEF_SECONDS)
    try:
        if write():
            commit()
    except Exception as error:
        session.rollback()
        if trouble(error) is None:
            raise
    finally:
        _patience.reset(patience)


def trouble(error: BaseException) -> str | None:
    """What kept the database from doing it: `busy` with others, `full`, or `broken`; None for every other error."""
    if isinstance(error, TimeoutError):
        return "busy"  # all connections were taken
    cause = getattr(error, "orig", error)
    return TROUBLES.get(getattr(cause, "sqlite_errorcode", 0) & PRIMARY) if isinstance(cause, sqlite3.Error) else None


def notice(topic: str):
    """After the commit, have those who look at `topic` look again at what is kept in no event."""
    session.info.setdefault("noticed", set()).add(topic)


def lock(row):
    """Read `row` anew and keep everybody else from changing it until this transaction ends.

    Actions that decide by what a row holds begin with this; without it two of them could decide at the same time.
    Raises NotFound when the row is gone since it was found.
    """
    begin_write(session.connection())
    try:
        session.refresh(row, with_for_update=True)
    except InvalidRequestError:
        if not inspect(row).persistent:
            raise
        raise NotFound("This is not there any more.") from None


def lock_all(*rows):
    """`lock` several of one table, in the order of their ids, so that two who do the same never wait for each other."""
    for row in sorted({row for row in rows if row is not None}, key=lambda row: row.id):
        lock(row)


def give_way():
    """In the middle of a long write, let those have a turn who only read; who writes waits until it is over."""
    time.sleep(TURN)


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


# SQLite calls block the whole process. If a second greenlet waited inside SQLite for the first one's write lock, the
# first could never run to release it. So writers queue here, on a lock that lets the other greenlets run.
_writer = threading.Lock()
_patience: ContextVar[float | None] = ContextVar("patience", default=None)  # seconds, instead of BUSY_SECONDS
_voucher: ContextVar[Callable[[Connection], None] | None] = ContextVar("voucher", default=None)


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
            time.sleep(TURN)  # or all who wait would write one after the other while nobody else gets a turn
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
    if info.pop("writing", False):
        _writer.release()
