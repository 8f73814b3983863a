"""Clocks that jump, files without end, a long day, and the end of it."""

import pytest

from bench.faults import clock, soak, stop, upload
from tests.faults.conftest import POOLED

pytestmark = pytest.mark.server


@pytest.mark.hardening("X-17")
def test_a_clock_that_jumps_ends_no_stream_and_neither_frees_nor_locks_out_anybody(figures):
    seen = figures(clock.run, streams=20)
    for jump in clock.JUMPS:
        assert seen[f"{jump}: streams that heard all, in order"] == seen["streams"]
        assert seen[f"{jump}: negative durations"] == 0
        assert seen[f"{jump}: guesses before and after"] == [429, 429]
        assert seen[f"{jump}: wait told, s"] <= 300
    assert seen["-2 h: posts"] == seen["+2 h: posts"] == [303] * 5
    assert seen["+400 days: page"] in (303, 401)  # signed in a year ago is signed out
    assert seen["errors of our own"] == ""


@pytest.mark.hardening("X-27", "F-16")
def test_a_file_of_a_gigabyte_is_refused_early_and_others_read_on(figures):
    seen = figures(upload.run, slow_seconds=5)
    assert seen["with its length"] == seen["without its length"] == 413
    assert seen["of it sent, MB"] < 20
    assert seen["of that sent, MB"] < 120
    assert seen["five at once"] == [413] * 5
    assert seen["slow one was served"] == 303
    assert seen["memory more, MB"] < 20
    assert seen["room back after, s"] != float("inf")


@pytest.mark.hardening("F-26")
def test_after_much_work_nothing_has_grown(figures):
    seen = figures(soak.run, seconds=18, streams=100)
    assert seen["posts that failed"] == seen["messages lost or doubled"] == 0
    assert seen["streams at the end"] == seen["streams"] + 1
    first, last = seen["memory, MB, first and last sixth"]
    assert last < first + 10
    first, last = seen["open files, first and last sixth"]
    assert last <= first + POOLED  # a connection taken now and then; ten posts that leave one open would show
    assert seen["files left over"] <= POOLED


@pytest.mark.hardening("F-08", "L-19", "X-38")
def test_told_to_stop_the_server_ends_every_stream_whole_and_loses_nothing(figures):
    seen = figures(stop.run, streams=300)
    assert seen["exit code"] == 0
    assert seen["stopped after, s"] < 10  # gunicorn would kill it later
    assert seen["streams that ended on a whole message"] == 300
    assert seen["saved and lost"] == 0


@pytest.mark.hardening("L-19")
def test_told_to_stop_with_nothing_to_answer_it_still_ends_every_stream_whole(figures):
    seen = figures(stop.run, streams=150, clients=0)
    assert seen["exit code"] == 0
    assert seen["streams that ended on a whole message"] == 150
