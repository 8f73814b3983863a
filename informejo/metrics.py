"""What the running process counts and measures, by the names under which /metrics shows it."""

import platform
import sqlite3
import time
from collections import deque
from collections.abc import Callable
from functools import partial
from importlib.metadata import version

import prometheus_client as prometheus

from informejo.version import VERSION

TICK_SECONDS = 0.05
LATELY_SECONDS = 60
METHODS = frozenset(("GET", "HEAD", "POST", "OPTIONS"))

prometheus.disable_created_metrics()  # half of all lines, and nobody asks for them
REGISTRY = prometheus.CollectorRegistry()
prometheus.ProcessCollector(registry=REGISTRY)
_counter = partial(prometheus.Counter, registry=REGISTRY)
_gauge = partial(prometheus.Gauge, registry=REGISTRY)
_histogram = partial(prometheus.Histogram, registry=REGISTRY)

build = prometheus.Info("informejo_build", "Versions of what runs.", registry=REGISTRY)
build.info(
    {"version": VERSION, "python": platform.python_version(), "sqlite": sqlite3.sqlite_version}
    | {package: version(package) for package in ("gunicorn", "gevent")}
)

streams = _gauge("informejo_streams", "Open streams.")
streams_limit = _gauge("informejo_streams_limit", "Most streams that may be open, STREAMS_TOTAL.")
streams_opened = _counter("informejo_streams_opened", "Streams opened.")
streams_refused = _counter("informejo_streams_refused", "Streams refused, by reason.", ["reason"])
streams_ended = _counter("informejo_streams_ended", "Streams ended, by reason.", ["reason"])
held_back = _gauge(
    "informejo_held_back", "Browsers whose streams are held back on the way: they asked for one answer lately."
)
slow_streams = _gauge("informejo_slow_streams", "Streams for which something waits.")
waiting_messages = _gauge("informejo_waiting_messages", "Messages that wait for slow readers.")
waiting_bytes = _gauge("informejo_waiting_bytes", "Bytes that wait for slow readers.")

events_shown = _counter("informejo_events_shown", "Events shown to whoever may see them.")
events_lag = _gauge("informejo_events_lag", "Events in the log that are not shown yet.")
messages = _counter("informejo_messages", "Messages written to streams, or kept for slow ones.")
delivery = _histogram(
    "informejo_delivery_seconds",
    "From the commit until an event is written to the last stream that wants it.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30),
)

requests = _counter(
    "informejo_requests", "Requests answered.", ["method", "endpoint", "status"], registry=REGISTRY
)  # the endpoint is the view's name, of which there are as many as routes
request_seconds = _histogram(
    "informejo_request_seconds",
    "From a request's arrival until its answer was made.",
    ["method"],
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
mails_waiting = _gauge("informejo_mails_waiting", "Mails that are due, or were tried, and could not be sent yet.")
mails_failed = _gauge("informejo_mails_failed", "Mails that were given up.")
mails_quarantined = _gauge(
    "informejo_mails_quarantined", "Mails that came in, could not be read, and wait for somebody."
)
mail_failing = _gauge("informejo_mail_failing", "How many of sending and fetching have failed for 15 minutes.")

shelf_things = _gauge("informejo_shelf_things", "Drawings, lists and numbers that are kept to be used again.")
shelf_bytes = _gauge("informejo_shelf_bytes", "Bytes of what is kept, roughly.")
shelf_bytes_limit = _gauge("informejo_shelf_bytes_limit", "Most bytes that are kept.")
shelf_used = _counter("informejo_shelf_used", "How often something kept was used again.")
shelf_made = _counter("informejo_shelf_made", "How often something was made because it was not kept.")

reconnects = _counter("informejo_reconnects", "Browsers that came back, by how it ended.", ["ended"])
replayed = _counter("informejo_replayed_events", "Events that browsers had missed and were shown when they came back.")
echo = _gauge("informejo_echo_seconds", "How long the last message that the process sent to itself was on its way.")
echoes = _counter("informejo_echoes", "Messages that the process sent to itself, by what became of them.", ["ended"])

faults = _counter("informejo_faults", "Faults that were kept where they happened, by place.", ["where"])
incidents = _counter("informejo_incidents", "Requests that ended in an error nobody foresaw.")
database_troubles = _counter(
    "informejo_database_troubles", "Requests that the database could not serve, by kind.", ["kind"], registry=REGISTRY
)
write_wait = _histogram(
    "informejo_write_wait_seconds",
    "From wanting to write until the database let it.",
    buckets=(0.001, 0.005, 0.025, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
offloaded = _gauge("informejo_offloaded_calls", "Slow calls beside the event loop, running or waiting.")

loop_gap = _histogram(
    "informejo_loop_gap_seconds",
    "How much too late a ticker of 50 ms came: for so long nobody was served.",
    buckets=(0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5),
)

for reason in ("personal", "total", "closing"):
    streams_refused.labels(reason)
for reason in ("left", "lost", "renewed", "revoked", "fault", "closing"):
    streams_ended.labels(reason)
for ended in ("nothing_missed", "replayed", "reset", "refused"):
    reconnects.labels(ended)
for ended in ("heard", "lost"):
    echoes.labels(ended)
for kind in ("busy", "full", "broken"):
    database_troubles.labels(kind)


def request(method: str, endpoint: str | None, status: int, seconds: float):
    """Count one answered request."""
    method = method if method in METHODS else "other"  # whoever asks chooses the word
    requests.labels(method, endpoint or "none", f"{status // 100}xx").inc()
    request_seconds.labels(method).observe(seconds)


class Gaps:
    """The gaps of the event loop: the longest of all, and the longest of the last minute."""

    def __init__(self):
        self.longest = 0.0
        self._lately: deque[tuple[float, float]] = deque()  # (when, gap), each gap shorter than the one before it

    def add(self, now: float, gap: float):
        """One tick came `gap` seconds late; `now` in seconds of a clock that never goes back."""
        self.longest = max(self.longest, gap)
        while self._lately and self._lately[-1][1] <= gap:
            self._lately.pop()
        self._lately.append((now, gap))

    def lately(self, now: float) -> float:
        """The longest of the last minute, in seconds."""
        while self._lately and self._lately[0][0] < now - LATELY_SECONDS:
            self._lately.popleft()
        return self._lately[0][1] if self._lately else 0.0


gaps = Gaps()
loop_gap_max = _gauge("informejo_loop_gap_seconds_max", "The longest gap of the last minute.")
loop_gap_max.set_function(lambda: gaps.lately(time.monotonic()))
loop_gap_ever = _gauge("informejo_loop_gap_ever_seconds", "The longest gap since the start.")
loop_gap_ever.set_function(lambda: gaps.longest)


def tick(ended: Callable[[], bool]):
    """Measure the event loop until `ended` says so: sleep, and see by how much the waking came too late."""
    while not ended():
        before = time.monotonic()
        time.sleep(TICK_SECONDS)
        now = time.monotonic()
        gap = max(0.0, now - before - TICK_SECONDS)
        loop_gap.observe(gap)
        gaps.add(now, gap)
