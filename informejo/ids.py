"""Ids that people get to see in pages: each is the time at which its row was made, so it tells nothing else.

Counted ids would say how much is written at the desk: between two of one's own messages would lie a number for each
note that one may not know of.
"""

from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select

from informejo import clock, db

_BEGIN = datetime(1970, 1, 1, tzinfo=UTC)
_STEP = timedelta(microseconds=1)


def made_at(moment: datetime) -> int:
    """The id of what is made at that moment: microseconds since 1970. Scripts can count so far until the year 2255."""
    return (moment - _BEGIN) // _STEP


def next_id(context) -> int:
    """A column's default: the present moment, or one more than the newest row has, where the clock went back.

    SQLAlchemy asks for each row before it inserts it. So the turn to write is taken first: one that is drawn before,
    and waits, would be smaller than ids that are committed meanwhile, and whoever follows the log would pass it over.
    """
    db.begin_write(context.connection)
    newest = context.connection.scalar(select(func.max(context.current_column))) or 0
    before = max(newest, getattr(context, "given", 0))  # rows that are inserted together do not see each other
    context.given = max(made_at(clock.now()), before + 1)
    return context.given
