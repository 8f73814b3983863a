"""Which Informejo this is."""

from datetime import UTC, datetime

VERSION = "0.3.0"
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # a clock that shows an earlier time is wrong
