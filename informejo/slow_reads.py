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
    compiled = statement.compile(db.engine(), compile_kwargs={"render_postcompile": True})
    values = [compiled.params[name] for name in compiled.positiontup or ()]
    return offload(_read, db.engine().url.database, str(compiled), values)


def _read(path: str, sql: str, values: list) -> list[tuple]:
    # Not through SQLAlchemy: its pool and its locks belong to the loop's thread.
    with closing(sqlite3.connect(f"{Path(path).absolute().as_uri()}?mode=ro", uri=True)) as connection:
        return connection.execute(sql, values).fetchall()
