"""Nothing in the chain cuts a stream on which only the heartbeat is heard."""

import itertools
import time

import pytest

pytestmark = pytest.mark.server
LONGEST_TIMEOUT = 60  # seconds: nginx's and HAProxy's, as shipped
BEATS_APART = 15


@pytest.mark.hardening("L-23")
def test_a_quiet_stream_outlives_every_time_out(quiet, world):
    for reader in quiet.values():
        began = reader.opened[0]
        time.sleep(max(0.0, began + LONGEST_TIMEOUT + 1.2 * BEATS_APART - time.monotonic()))
        assert len(reader.opened) == 1, "it was cut and had to come back"
        gaps = [later - earlier for earlier, later in itertools.pairwise([began, *reader.beats, time.monotonic()])]
        assert max(gaps) < 2 * BEATS_APART, "a heartbeat is missing"
        assert len(reader.beats) >= LONGEST_TIMEOUT // BEATS_APART
