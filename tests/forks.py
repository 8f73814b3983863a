"""A process that may kill itself: forked from the test's own, with a database connection of its own."""

import os
import signal
from collections.abc import Callable

from informejo import db


def dies(work: Callable[[], None]) -> bool:
    """Do that work in a fork of this process; whether it was killed over it. Anything else that ends it is a fault."""
    db.session.remove()
    db.engine().dispose()
    process = os.fork()
    if not process:
        try:
            db.engine().dispose(close=False)
            work()
            os._exit(0)
        finally:
            os._exit(1)
    _, status = os.waitpid(process, 0)
    assert status in (0, signal.SIGKILL), status
    return status == signal.SIGKILL
