"""Faults in background work: counted, logged once, and kept from ending what they happened in."""

import logging
import time
from contextlib import suppress

from informejo import metrics

QUIET_SECONDS = 60  # the same fault is told again after so long: a loop that fails at every turn must not fill the disk

logger = logging.getLogger(__name__)
_told: dict[tuple[str, type], float] = {}  # where, and what -> when it was logged last, on the monotonic clock


class contained:  # noqa: N801 - read like a word: `with contained("beat"):`
    """An exception inside ends the block and nothing else. `where` is one of few words, a label in /metrics.

    What must end more than one block (GreenletExit, KeyboardInterrupt, time-outs of gevent) passes through.
    """

    __slots__ = ("where",)

    def __init__(self, where: str):
        self.where = where

    def __enter__(self):
        pass

    def __exit__(self, _kind, error, _trace) -> bool:
        if not isinstance(error, Exception):
            return False
        note(self.where, error)
        return True


def note(where: str, error: Exception):
    """Count a fault, and log it unless the same one was logged just now. It never raises itself.

    What the database says is its own trouble, not ours: a line says enough, without the path to it.
    """
    with suppress(Exception):
        metrics.faults.labels(where).inc()
        now, kind = time.monotonic(), (where, type(error))
        if now - _told.get(kind, -QUIET_SECONDS) >= QUIET_SECONDS:
            _told[kind] = now
            if said := getattr(error, "orig", None):  # SQLAlchemy's word for what the driver raised
                logger.error("fault in %s: %s", where, said)
            else:
                logger.error("fault in %s", where, exc_info=error)
