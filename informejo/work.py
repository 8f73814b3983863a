"""The background work of one process: the readers of the log, and the pulse that keeps streams and presence honest."""

import threading
import time

from flask import Flask

from informejo.live import presence
from informejo.live.hub import hub


def start(app: Flask):
    """Begin both, as threads (greenlets under gunicorn's gevent worker); they end when the hub closes."""
    threading.Thread(target=app.extensions["broadcast"].run, name="broadcast", daemon=True).start()
    threading.Thread(target=pulse, name="pulse", daemon=True).start()


def pulse():
    """Once a second: heartbeats, renewals, and writing that has stopped."""
    last = int(time.monotonic())
    while not hub.closing:
        time.sleep(1 - time.monotonic() % 1)
        now = int(time.monotonic())
        for second in range(last + 1, now + 1):  # after a stall, those whose turn was missed get it now
            hub.beat(second)
        last = now
        presence.expire()
