"""Browsers whose streams are held back on the way: they ask for one whole answer at a time, and are counted."""

import threading
import time

from informejo import metrics

ASK_AGAIN = 15_000  # milliseconds until such a browser asks again; it spreads them by 30 % to either side
LATELY_SECONDS = 60  # who has not asked for so long has a stream again, or looks at something else

_lock = threading.Lock()
_asked: dict[int, float] = {}  # session -> when it asked last, on the monotonic clock, in that order


def note(session_id: int):
    """This sign-in's browser asked for one whole answer just now."""
    with _lock:
        _asked.pop(session_id, None)
        _asked[session_id] = time.monotonic()
        _forget(time.monotonic())


def count() -> int:
    """How many browsers asked within the last minute, each counted once however many pages it has open."""
    with _lock:
        _forget(time.monotonic())
        return len(_asked)


def forget():
    """Begin anew; for tests."""
    with _lock:
        _asked.clear()


def _forget(now: float):
    while _asked and next(iter(_asked.values())) < now - LATELY_SECONDS:
        del _asked[next(iter(_asked))]


metrics.held_back.set_function(count)
