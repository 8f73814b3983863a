"""A stream through the chain: at once, message by message, for as long as it should last, and no longer."""

import re
import time

import pytest

from tests.chain.asking import connect, curl
from tests.chain.chain import NAME
from tests.waiting import until

pytestmark = pytest.mark.server
STREAM = "/live/events?on=queue"
HELD_BACK = 10  # seconds; what waits for something else waits for the next heartbeat, up to 15 s
FASTEST_OF = 5  # the machine may be busy; a proxy that holds bytes back does so each time


def asked(way, cookie, path=STREAM) -> bytes:
    head = f"GET {path} HTTP/1.1\r\nHost: {NAME}\r\nAccept-Encoding: gzip, br\r\nCookie: {cookie['Cookie']}\r\n\r\n"
    return head.encode()


@pytest.mark.hardening("L-23")
def test_the_first_byte_comes_at_once(way, cookie, world, record_property):
    took, header = [], cookie(world.mia)
    for _ in range(FASTEST_OF):
        with connect(way) as line:
            begins = time.monotonic()
            line.sendall(asked(way, header))
            answer = line.recv(65_536)
            took.append(time.monotonic() - begins)
            assert answer.startswith(b"HTTP/1.1 200")
    record_property("ms to the first byte of a stream", round(min(took) * 1000))
    assert min(took) < HELD_BACK


@pytest.mark.hardening("L-23")
def test_events_come_one_by_one_and_not_compressed(way, listening, world):
    mia = listening(way, world.mia).until_ready()
    assert mia.headers["Content-Encoding"] is None
    assert mia.headers["Content-Type"] == "text/event-stream; charset=utf-8"
    ticket = world.ticket()
    for number in range(5):
        heard = len(mia.ids)
        world.comment(world.ren, ticket, f"Word {number}")
        until(lambda heard=heard: len(mia.ids) > heard, seconds=HELD_BACK)


@pytest.mark.hardening("L-23")
def test_a_browser_with_http_2_gets_them_too(way, cookie, world):
    header = cookie(world.mia)["Cookie"]
    said = curl(way, STREAM, "--no-buffer", "--max-time", "1", "--include", "--header", f"Cookie: {header}")
    assert said.startswith("HTTP/2 200")
    assert "event: ready" in said


@pytest.mark.hardening("L-07")
def test_the_worker_hears_at_once_that_a_browser_is_gone(way, server, cookie, world, record_property):
    with connect(way) as line:
        line.sendall(asked(way, cookie(world.tom)))
        assert b" 200 " in line.recv(65_536)
        until(lambda: open_streams(server, world.tom) == 1)
        begins = time.monotonic()
    until(lambda: open_streams(server, world.tom) == 0, seconds=HELD_BACK)
    record_property("s until the worker knew", round(time.monotonic() - begins, 2))


@pytest.mark.hardening("L-10")
def test_a_visitor_gets_no_stream(way):
    answer = curl(way, STREAM, "--include")
    assert answer.startswith("HTTP/2 401")


def open_streams(server, user) -> int:
    """Of this person, as the worker's log tells."""
    log = server.log.read_text()
    opened = len(re.findall(rf"stream opened user={user.id}\b", log))
    return opened - len(re.findall(rf"stream (?:closed|lost) user={user.id}\b", log))
