"""Questions to the database at the price of its driver: for what thousands of browsers ask in the same second.

SQLAlchemy finds out for each execution how a statement is written for this database, and how values go in and come
out. Here that is found out once, by the same means, and the driver is asked: a third of the price of `db.rows`.
"""

from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import NamedTuple

from sqlalchemy import Dialect, Engine, Select

from informejo import db


class _Driven(NamedTuple):
    """A statement in the driver's own words, what makes its parameters of values, and values of its rows."""

    words: str
    parameters: Callable[[dict], list | dict]
    values: Callable[[Sequence], tuple]


def glance(statement: Select, **values) -> list[tuple]:
    """What the statement finds, on a connection that is given back at once.

    What the session has written and not committed is not seen. Whatever the driver refuses is asked again by
    SQLAlchemy, which knows what to make of it: its errors are raised, and of a database that has gone away it gives up
    every connection, not only this one.
    """
    engine = db.engine()
    try:
        return _ask(engine, _driven(statement, engine.dialect), values)
    except engine.dialect.loaded_dbapi.Error:
        with engine.connect() as connection:
            return [tuple(row) for row in connection.execute(statement, values)]


def _ask(engine: Engine, driven: _Driven, values: dict) -> list[tuple]:
    connection = engine.raw_connection()
    try:
        cursor = connection.cursor()
        cursor.execute(driven.words, driven.parameters(values))
        return [driven.values(row) for row in cursor.fetchall()]
    finally:
        connection.close()


@lru_cache(maxsize=64)
def _driven(statement: Select, dialect: Dialect) -> _Driven:
    compiled = statement.compile(dialect=dialect)
    into = {
        name: bound.type.dialect_impl(dialect).bind_processor(dialect) for bound, name in compiled.bind_names.items()
    }
    back = [column.type.dialect_impl(dialect).result_processor(dialect, None) for column in statement.selected_columns]

    def parameters(values: dict) -> list | dict:
        given = compiled.construct_params(values)
        named = {name: convert(given[name]) if convert else given[name] for name, convert in into.items()}
        return [named[name] for name in compiled.positiontup] if compiled.positional else named

    def read(row: Sequence) -> tuple:
        return tuple([convert(value) if convert else value for convert, value in zip(back, row, strict=True)])

    return _Driven(str(compiled), parameters, read)
