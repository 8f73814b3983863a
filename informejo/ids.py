"""Ids that people get to see in pages: each is the time at which its row was made, so it tells nothing else.

Counted ids would say how much is written at the desk: between two of one's own messages would lie a number for each
note that one may not know of.
"""

import secrets
import time
from datetime import UTC, datetime, timedelta
from functools import cache

from sqlalchemy import Select, func, select

from informejo import clock, turns

_LOCK = select(func.pg_advisory_xact_lock(0x1F0))  # any number that nothing else in the database uses
_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)
_drawn = {}  # column -> the last id that this process drew, and when, on the monotonic clock


def made_at(moment: datetime) -> int:
    """The id of what is made at that moment: microseconds since 1970. Scripts can count so far until the year 2255."""
    return (moment - _BEGIN) // _STEP


def next_id(context) -> int:
    """A column's default: the present moment. Where the clock went back, time goes on from the newest row's moment.

    SQLAlchemy asks for each row before it inserts it. So the turn to write is taken first: one that is drawn before,
    and waits, would be smaller than ids that are committed meanwhile, and whoever follows the log would pass it over.
    SQLite has one writer; on PostgreSQL a lock makes it so.
    """
    column = context.current_column
    before = getattr(context, "given", None)  # rows that are inserted together do not see each other, nor others them
    if before is None:
        turns.begin_write(context.connection)
        if context.connection.dialect.name == "postgresql":
            context.connection.execute(_LOCK)
        before = context.connection.scalar(_newest(column)) or 0
    now = made_at(clock.now())
    context.given = now if now > before else before + _step_after(column, before)
    _drawn[column] = context.given, time.monotonic()
    return context.given


@cache
def _newest(column) -> Select:
    return select(func.max(column))


def _step_after(column, newest: int) -> int:
    """How far to go on from the newest row of that column while the clock is behind it.

    Steps of one would count what is written. So it is half of the time that has gone by, which the clock overtakes in
    the end; where another process wrote that row, and nobody here knows when, any time within a second.
    """
    id, drawn = _drawn.get(column, (0, 0.0))
    step = int((time.monotonic() - drawn) * 500_000) if id == newest else secrets.randbelow(1_000_000)
    return max(1, step)
