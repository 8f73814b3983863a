"""Waiting for a condition instead of sleeping."""

import time
from collections.abc import Callable


def until(holds: Callable[[], object], seconds: float = 20):
    """Wait until it holds, for so long at most."""
    deadline = time.monotonic() + seconds
    while not holds():
        assert time.monotonic() < deadline, f"it did not come about within {seconds} s"
        time.sleep(0.02)
