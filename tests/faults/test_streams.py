"""Streams in bad company: readers who do not read, crowds that come back at once, people who want them all."""

import pytest

from bench.faults import flood, readers, storm
from tests.faults.conftest import POOLED

pytestmark = pytest.mark.server


@pytest.mark.hardening("L-08", "X-13", "F-13")
def test_readers_who_never_read_are_let_go_and_nobody_else_notices(figures):
    seen = figures(readers.slow, readers=20, seconds=60, others=20)
    assert seen["still open"] == 0
    assert seen["memory more, MB"] < 100
    assert seen["others that missed one"] == 0


@pytest.mark.hardening("L-09", "X-14", "F-14")
def test_readers_whose_machine_went_dark_are_forgotten_within_a_minute(figures):
    assert figures(readers.dead, readers=10)["all forgotten after, s"] < 60


@pytest.mark.hardening("X-20", "F-07")
def test_browsers_that_all_lost_their_server_come_back_and_have_missed_nothing(figures):
    seen = figures(storm.run, browsers=250)
    assert seen["back"] == seen["browsers"]
    assert seen["comments lost or doubled"] == seen["bookmarks behind"] == 0
    assert seen["answers of 5xx once it is back"] == 0


@pytest.mark.hardening("L-12")
def test_nobody_can_take_all_streams_and_pages_open_when_there_are_none_left(figures):
    seen = figures(flood.greedy, tries=100, total=100)
    assert seen["given to one person"] == 12
    assert seen["told 429"] == 100 - 12
    assert seen["given in all"] == 100
    assert seen["told 503 with Retry-After"] > 0
    assert seen["other answers"] == []
    assert seen["pages that failed"] == 0


@pytest.mark.hardening("H-02", "H-04")
def test_nonsense_gets_short_answers_and_good_streams_go_on(figures):
    seen = figures(flood.junk, requests=520)
    assert seen["not 4xx"] == 0
    assert seen["longest answer, bytes"] < 300
    assert seen["told too much"] == []
    assert seen["streams that heard the next event"] == "100 of 100"
    assert seen["same worker"]
    assert seen["errors of our own"] == ""


@pytest.mark.hardening("L-07")
def test_readers_who_come_and_go_leave_nothing_behind(figures):
    seen = figures(flood.churn, cycles=150)
    for name in ("streams", "channels", "connections", "greenlets", "files"):
        before, after = seen[f"{name} before, after"]
        assert after <= before + POOLED * (name == "files"), name


@pytest.mark.hardening("X-35")
def test_many_who_sign_in_at_once_get_in_or_are_asked_to_wait_and_others_go_on(figures):
    seen = figures(flood.sign_ins, tries=80)
    assert set(seen["right"]) <= {303, 429, 503}
    assert seen["right"][303] > 0
    assert seen["wrong let in"] == 0
    assert seen["slowest answer, s"] < 20
    assert seen["streams that heard the next event"] == "200 of 200"
    assert seen["errors of our own"] == ""


@pytest.mark.hardening("L-24")
def test_an_open_stream_keeps_no_connection_to_the_database(figures):
    seen = figures(flood.rest, streams=200)
    assert seen["streams"] == 200
    assert seen["connections to the database"] == 0
