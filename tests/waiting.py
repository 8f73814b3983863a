"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable

PATIENCE = 20_000  # milliseconds a browser waits for what a test expects: it may share its core with other tests


def until(holds: Callable[[], object], seconds: float = 20, every: float = 0.02):
    """Wait until it holds, for so long at most; look `every` so many seconds."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about within {seconds} s"
        time.sleep(every)
