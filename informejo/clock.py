"""What time it is. All code asks here, so that tests and the demonstration can set it."""

from contextlib import contextmanager
from contextvars import ContextVar
from datetime import UTC, datetime, timedelta

# What is claimed for minutes, and until so far ahead, was claimed while the clock was ahead: it would last that long.
BEYOND = timedelta(hours=1)

_frozen: ContextVar[datetime | None] = ContextVar("frozen", default=None)


def now() -> datetime:
    """The present moment, in UTC, aware."""
    return _frozen.get() or datetime.now(UTC)


@contextmanager
def at(moment: datetime):
    """Inside the block it is `moment` (aware): for the demonstration's three weeks of history, and for tests."""
    token = _frozen.set(moment)
    try:
        yield
    finally:
        _frozen.reset(token)
