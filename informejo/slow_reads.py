"""Reads that may take long, such as searches and statistics: run beside the event loop, so that nobody waits."""

import sqlite3
from contextlib import closing
from pathlib import Path

from sqlalchemy import Select

from informejo import db
from informejo.offload import offload


def rows(statement: Select) -> list[tuple]:
    """What the statement finds, as plain values: words and numbers, no enums, no moments, neither there nor here.

    What this request has written and not committed is not seen on SQLite, where the read has a connection of its own.
    """
    if db.dialect() != "sqlite":
        return [tuple(row) for row in db.session.execute(statement)]  # the driver lets others run while it waits
    return offload(_read, db.engine().url.database, *_written(statement))


def _written(statement: Select) -> tuple[str, tuple]:
    """The statement in SQL, and the values in it, by what a connection does before it asks.

    `Select.compile` would do the same, but each time from the beginning, which takes longer than most answers.
    """
    engine = db.engine()
    compiled, own, given, _ = statement._compile_w_cache(
        engine.dialect, compiled_cache=engine._compiled_cache, column_keys=[]
    )
    values = compiled.construct_params(extracted_parameters=own, _collected_params=given)
    written = compiled._process_parameters_for_postcompile(values)
    return written.statement, written.positional_parameters


def _read(path: str, sql: str, values: tuple) -> list[tuple]:
    # Not through SQLAlchemy: its pool and its locks belong to the loop's thread.
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()
