"""What takes long is run beside the event loop, and what it says comes back."""

import subprocess
import sys

import pytest

from informejo.offload import offload

IN_GEVENT = """
from gevent import monkey; monkey.patch_all()
import gevent, time
from informejo.offload import offload

def slow(seconds):
    end = time.perf_counter() + seconds
    while time.perf_counter() < end: pass
    return seconds

def beat():
    while True:
        beats.append(1); gevent.sleep(0.01)

beats = []
gevent.spawn(beat)
assert offload(slow, 0.5) == 0.5
assert len(beats) > 10, len(beats)
before = len(beats)
slow(0.5)
assert len(beats) == before, "the twin: without it nobody else gets a turn"
try:
    offload(int, "x")
except ValueError:
    print("done")
"""


def test_without_gevent_it_is_called(app):
    assert offload(divmod, 7, 2) == (3, 1)
    with pytest.raises(ZeroDivisionError):
        offload(divmod, 7, 0)


def test_in_gevent_others_go_on_meanwhile():
    run = subprocess.run([sys.executable, "-c", IN_GEVENT], capture_output=True, text=True, timeout=60, check=False)
    assert run.stdout.strip() == "done", run.stderr
