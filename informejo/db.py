"""The database: the base of all tables, the session, locks on rows, and the only place that commits."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from functools import cache

from flask_migrate import Migrate
from flask_sqlalchemy import SQLAlchemy
from sqlalchemy import Connection, DateTime, Enum, Executable, Insert, MetaData, Row, Select, bindparam, inspect, select
from sqlalchemy.engine import Engine
from sqlalchemy.orm import DeclarativeBase, InstanceState, Mapper, make_transient_to_detached, mapped_column
from sqlalchemy.orm.attributes import set_committed_value
from sqlalchemy.types import TypeDecorator
from werkzeug.exceptions import NotFound

from informejo import signals
from informejo.turns import begin_write, briefly, trouble

MOST_ID = 2**63 - 1  # that a row can have
ALL = 2**31 - 1  # a LIMIT that leaves nothing out, for statements that are built once and always have one
NAMES = {
    "ix": "ix_%(column_0_label)s",
    "uq": "uq_%(table_name)s_%(column_0_name)s",
    "fk": "fk_%(table_name)s_%(column_0_name)s",
    "pk": "pk_%(table_name)s",
}


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


def read_again_after_commit(again: bool):
    """Whether this session's things are read again after a commit. For one request they need not be.

    Its answer shows what was written; what is kept longer has to see what others change.
    """
    session().expire_on_commit = again


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
    try:
        with briefly():
            if write():
                commit()
    except Exception as error:
        session.rollback()
        if trouble(error) is None:
            raise


def notice(topic: str):
    """After the commit, have those who look at `topic` look again at what is kept in no event."""
    session.info.setdefault("noticed", set()).add(topic)


def insert(row):
    """Write a new row at once and keep it in the session: half the price of `session.add` and a flush.

    Nothing else is written with it. So it must name other rows by id (`author_id`, not `author`), and those must be
    stored already. Columns that are not set get their defaults; whatever else is not set is read when it is asked for.
    """
    state, connection = inspect(row), session.connection()
    state.mapper.dispatch.before_insert(state.mapper, connection, state)  # as a flush would tell: `folding` listens
    values = {name: value for name, value in state.dict.items() if name in state.mapper.columns}
    written = connection.execute(_inserting(state.mapper), values)
    for name, value in written.last_inserted_params().items():
        set_committed_value(row, name, value)
    make_transient_to_detached(row)
    session.add(row)


def lock(row):
    """Keep everybody else from changing `row` until this transaction ends, and read it anew where it has changed.

    Actions that decide by what a row holds begin with this; without it two of them could decide at the same time.
    A row is locked once in a transaction, however often this is called. Not inside a savepoint: its end may unlock it.
    Raises NotFound when the row is gone since it was found.
    """
    connection, state = session.connection(), inspect(row)
    begin_write(connection)
    locked = connection.info.setdefault("locked", set())
    if state.key in locked:
        return
    if not _holds_what_was_read(connection, state):
        session.refresh(row)
    locked.add(state.key)


def lock_all(*rows):
    """`lock` several of one table, in the order of their ids, so that two who do the same never wait for each other."""
    for row in sorted({row for row in rows if row is not None}, key=lambda row: row.id):
        lock(row)


def _holds_what_was_read(connection: Connection, state: InstanceState) -> bool:
    """Lock the row; whether it still is as it was read. Nearly always it is, and reading it anew costs four times this.

    Raises NotFound when it is gone.
    """
    if not state.persistent:
        return False  # `refresh` says what is wrong with it
    stored = connection.execute(_locking(state.mapper), dict(zip(_key(state.mapper), state.identity, strict=True)))
    stored = stored.mappings().first()
    if stored is None:
        raise NotFound("This is not there any more.")
    return dict(stored).items() <= state.dict.items()


@cache
def _inserting(mapper: Mapper) -> Insert:
    return mapper.local_table.insert()


@cache
def _locking(mapper: Mapper) -> Select:
    """The statement that locks one row and reads all its columns but the deferred ones, by their attributes' names."""
    loaded = [attribute.expression.label(attribute.key) for attribute in mapper.column_attrs if not attribute.deferred]
    its = [column == bindparam(name) for name, column in zip(_key(mapper), mapper.primary_key, strict=True)]
    return select(*loaded).where(*its).with_for_update()


def _key(mapper: Mapper) -> list[str]:
    return [f"its_{column.name}" for column in mapper.primary_key]
