"""A message that the process sends itself each minute, by the very way that others are sent: bell, reader, hub, socket.

If it does not arrive, no page gets anything either, even if it seems to be connected.
"""

import socket
import time
from typing import NamedTuple

from informejo import metrics, signals
from informejo.faults import contained
from informejo.live import presence
from informejo.live.hub import NOBODY, Refused, hub
from informejo.live.wire import Channel

EVERY_SECONDS = 60
PATIENCE = 5  # seconds after which it counts as lost


class Heard(NamedTuple):
    """When the last one was sent (on the monotonic clock), and after how many seconds it came; None when it did not."""

    at: float
    seconds: float | None


last: Heard | None = None


def watch():
    """Send one each minute, until the hub closes."""
    global last  # noqa: PLW0603 - the one place that says how the last one went
    due = time.monotonic()
    while not hub.closing:
        time.sleep(1)
        if time.monotonic() >= due:
            due = time.monotonic() + EVERY_SECONDS
            with contained("echo"):
                last = send()


def send() -> Heard:
    """Send one and wait for it."""
    sent = time.monotonic()
    try:
        seconds = _time_of_arrival() - sent
        metrics.echo.set(seconds)
    except (OSError, Refused):  # it did not come in time, or there is not even a connection for it
        seconds = None
    metrics.echoes.labels("lost" if seconds is None else "heard").inc()
    return Heard(sent, seconds)


def _time_of_arrival() -> float:
    ours, theirs = socket.socketpair()
    channel = Channel(presence.ECHO, "staff", "html")
    subscription = hub.subscribe((channel,), NOBODY, NOBODY, per_user=9, total=len(hub) + 1, lasts=2 * PATIENCE)
    try:
        with theirs:
            subscription.settle(0)
            with ours:
                hub.attach(subscription, ours)
            signals.noticed.send(presence.ECHO)
            theirs.settimeout(PATIENCE)
            while part := theirs.recv(4096):
                if presence.ECHO.encode() in part:
                    return time.monotonic()
            raise ConnectionError
    finally:
        hub.drop(subscription)
