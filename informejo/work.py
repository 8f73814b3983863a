"""The background work of one process: the broadcast, heartbeats of streams, the doctor, the meter of the loop."""

import threading
import time
from collections.abc import Callable

from flask import Flask

from informejo import metrics, templating
from informejo.doctor import examination
from informejo.faults import contained
from informejo.live import echo, presence
from informejo.live.broadcast import Broadcast
from informejo.live.hub import hub


def start(app: Flask):
    """Begin them, as threads (greenlets under gunicorn's gevent worker); they end when the hub closes."""
    templating.compile_all(app)
    threading.Thread(target=app.extensions["broadcast"].run, name="broadcast", daemon=True).start()
    threading.Thread(target=pulse, args=(app.extensions["broadcast"],), name="pulse", daemon=True).start()
    threading.Thread(target=meter, name="meter", daemon=True).start()
    threading.Thread(target=echo.watch, name="echo", daemon=True).start()
    threading.Thread(target=examination.watch, args=(app,), name="doctor", daemon=True).start()
    for name, run in app.extensions.get("beside", {}).items():
        threading.Thread(target=run, args=(app,), name=name, daemon=True).start()


def beside(app: Flask, name: str, run: Callable[[Flask], None]):
    """Have the background work of this app do `run(app)` too, which lasts until the hub closes: for a feature."""
    app.extensions.setdefault("beside", {})[name] = run


def pulse(broadcast: Broadcast):
    """Once a second: heartbeats, renewals, and writing that has stopped."""
    last = int(time.monotonic())
    while not hub.closing:
        time.sleep(1 - time.monotonic() % 1)
        now = int(time.monotonic())
        for second in range(last + 1, now + 1):  # after a stall, those whose turn was missed get it now
            with contained("pulse"):
                hub.beat(second, broadcast.here)
        last = now
        with contained("presence"):
            presence.expire()


def meter():
    """Measure the event loop."""
    while not hub.closing:
        with contained("meter"):
            metrics.tick(lambda: hub.closing)
