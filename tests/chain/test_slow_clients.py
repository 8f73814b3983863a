"""People on slow lines, and those who only pretend, wait in the proxies: nobody else does."""

import socket
import time

import pytest

from tests.chain.asking import ask, connect
from tests.chain.chain import NAME

pytestmark = pytest.mark.server
CROWD = 100  # of each kind
AS_SLOW = 3  # seconds; who had to wait for them would wait until the first are shown the door, after ten
SECONDS = 14  # longer than the header may take
GET_SLOWLY = f"GET /sign-in HTTP/1.1\r\nHost: {NAME}\r\nX-A: ".encode()
POST_SLOWLY = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: 1000\r\n\r\n".encode()


@pytest.fixture
def slow(chain):
    """Two hundred connections: half never finish their header, half never their body."""
    lines = [connect(chain.nginx.port) for _ in range(2 * CROWD)]
    yield lines
    for line in lines:
        line.close()


@pytest.mark.hardening("W-19")
def test_two_hundred_slow_clients_slow_nobody_down(slow, chain, record_property):
    for number, line in enumerate(slow):
        line.sendall(GET_SLOWLY if number % 2 else POST_SLOWLY)
    took, ends = [], time.monotonic() + SECONDS
    while time.monotonic() < ends:
        begins = time.monotonic()
        assert ask(chain.haproxy.port, "/sign-in").status == 200
        took.append(time.monotonic() - begins)
        trickle(slow)
        time.sleep(0.5)
    record_property("ms for a page meanwhile, longest", round(max(took) * 1000))
    assert sorted(took)[len(took) // 2] < AS_SLOW
    assert sum(gone(line) for line in slow[1::2]) == CROWD, "who never ends a header is shown the door"


def trickle(lines):
    for line in lines:
        try:
            line.sendall(b"x")
        except OSError:
            continue


def gone(line: socket.socket) -> bool:
    line.settimeout(0.2)
    try:
        while line.recv(4096):
            pass
    except TimeoutError:
        return False
    except OSError:
        return True
    return True
