"""Whatever the server said it saved is there, however it died. How fast it is back, `bench.faults` measures."""

import pytest

from bench.faults import kills

pytestmark = pytest.mark.server


@pytest.mark.hardening("X-01", "F-10")
def test_what_the_server_said_it_saved_outlives_every_sudden_death(figures):
    seen = figures(kills.run, kills=4, clients=20, moments=(0.2, 0.8))
    assert seen["saved posts"] > 20
    assert seen["saved and lost"] == seen["doubled"] == seen["times unsound"] == seen["created events amiss"] == 0
    assert seen["there without an answer"] <= seen["without an answer"]
    assert set(seen["other answers"]) <= {429, 503}
    assert seen["errors of our own"] == ""
