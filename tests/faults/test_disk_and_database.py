"""When nothing can be written, reading goes on, and whoever writes is told so and keeps the text."""

import pytest

from bench.faults import damage, disk, lock, slow_uploads

pytestmark = pytest.mark.server


@pytest.mark.hardening("X-04")
def test_on_a_full_disk_people_read_on_are_told_in_words_and_keep_what_they_typed(figures):
    seen = figures(disk.run, rounds=3)
    assert seen["status before"] == 303
    assert seen["reads that failed"] == 0
    assert seen["streams that went on"] == 3
    assert seen["writes that were refused"] == seen["writes"]
    assert seen["refused without Retry-After"] == seen["texts that did not come back"] == 0
    assert seen["recovered after, s"] < 30
    assert seen["unsound"] == seen["errors of our own"] == ""


@pytest.mark.hardening("X-06")
def test_a_short_wait_for_another_process_is_only_a_wait(figures):
    seen = figures(lock.run, seconds=1, clients=10, streams=20)
    assert set(seen["statuses"]) == {303}
    assert seen["slowest post, s"] < 10
    _nobody_else_noticed(seen)


@pytest.mark.hardening("X-06")
def test_a_long_wait_for_another_process_ends_with_words(figures):
    seen = figures(lock.run, seconds=15, clients=10, streams=50)
    assert set(seen["statuses"]) == {303, 503}
    _nobody_else_noticed(seen)


@pytest.mark.hardening("X-42")
def test_a_database_that_is_not_there_or_broken_is_named_and_never_replaced(figures):
    for seen in figures(damage.run).values():
        assert seen["untouched"]
        assert seen["said"]
        assert not seen["traceback"]
        assert seen["ended with code"] or seen["comment"] == 503


@pytest.mark.hardening("X-07")
def test_files_that_arrive_slowly_keep_nobody_else_from_writing(figures):
    seen = figures(slow_uploads.run, uploads=5, clients=10, seconds=4)
    assert seen["files there"] == seen["files saved"] == seen["files sent"]
    assert seen["posts"] > 0
    assert seen["posts that failed"] == seen["locked, in the log"] == 0


def _nobody_else_noticed(seen: dict):
    assert seen["heartbeats missing"] == seen["pages that failed"] == 0
    assert seen["errors of our own"] == ""
