"""Browsers that never think: ready requests on kept connections, read by one epoll in a process of its own."""

import pickle
import re
import select
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from itertools import cycle
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
WARM = 1.0  # seconds at the beginning, which do not count
LEAST, MOST = 16, 2  # answers without which no time is long enough; so many times as long is
PATIENCE = 30  # seconds without any answer
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
ENDS = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


class Served(NamedTuple):
    """Answers a second, and the seconds that each of them took; all answers, those at the edges too."""

    rate: float
    waits: list[float]
    answers: int


def served(port: int, requests: list[list[bytes]], seconds: float, *, again: bool = True) -> Served:
    """What came within so many seconds, with one connection for each list of requests.

    A list that is through begins `again`, where it may: a comment is posted only once. Raises StopIteration in its
    process where a list is too short for that, and ValueError at an answer other than 200.
    """
    command = [sys.executable, "-m", "bench.load"]
    told = pickle.dumps((port, requests, seconds, again))
    came = subprocess.run(command, cwd=ROOT, input=told, stdout=subprocess.PIPE, check=True).stdout
    return Served(*pickle.loads(came))


def request(path: str, headers: dict[str, str], body: str | None = None) -> bytes:
    """The bytes a browser sends to get a page, or to post a form."""
    form = {"Content-Type": "application/x-www-form-urlencoded", "Content-Length": str(len(body))} if body else {}
    lines = [f"{'POST' if body else 'GET'} {path} HTTP/1.1", "Host: 127.0.0.1"]
    lines += [f"{name}: {value}" for name, value in (headers | form).items()]
    return ("\r\n".join(lines) + "\r\n\r\n" + (body or "")).encode()


class Connection:
    """One browser's, which asks one thing after the other."""

    def __init__(self, port: int, requests: Iterator[bytes]):
        self._port, self._requests = port, requests
        self._socket: socket.socket | None = None

    def ask(self) -> int:
        """Send the next request; the file number to wait at."""
        request = next(self._requests)
        if self._socket is None:
            self._socket = socket.create_connection(("127.0.0.1", self._port), PATIENCE)
        self._came, self._whole, self._asked = bytearray(), 0, time.monotonic()
        self._socket.sendall(request)
        return self._socket.fileno()

    def read(self) -> float | None:
        """Take what came: seconds from the question to its answer, once that is whole."""
        came = self._socket.recv(262_144)
        if not came:
            raise ConnectionError(f"ended within an answer: {bytes(self._came[:500])}")
        self._came += came
        if not self._whole:
            self._read_head()
        if not self._whole or len(self._came) < self._whole:
            return None
        return time.monotonic() - self._asked

    def rest(self):
        """After an answer: close the connection where the server asks for it, as gunicorn's sync worker does."""
        if self._ends:
            self._socket.close()
            self._socket = None

    def _read_head(self):
        head, end, _ = self._came.partition(b"\r\n\r\n")
        if not end:
            return
        if not head.startswith(b"HTTP/1.1 200"):
            raise ValueError(bytes(self._came[:500]))
        self._whole = len(head) + len(end) + int(LENGTH.search(head)[1])
        self._ends = bool(ENDS.search(head))


class Load:
    """All connections, each of which asks again as soon as it has its answer."""

    def __init__(self, port: int, requests: list[list[bytes]], again: bool):
        self._epoll, self._asking, self._answered = select.epoll(), {}, 0
        for each in requests:
            self._ask(Connection(port, cycle(each) if again else iter(each)))

    def run(self, seconds: float) -> Served:
        begun, waits = time.monotonic() + WARM, []
        while (taken := time.monotonic() - begun) < seconds or (len(waits) < LEAST and taken < seconds * MOST):
            for connection, wait in self._answers():
                self._ask(connection)
                if time.monotonic() > begun:
                    waits.append(wait)
        rate = len(waits) / taken
        while self._asking:  # or the server would work on it beside whatever is measured next
            list(self._answers())
        return Served(rate, waits, self._answered)

    def _ask(self, connection: Connection):
        descriptor = connection.ask()
        self._asking[descriptor] = connection
        self._epoll.register(descriptor, select.EPOLLIN)

    def _answers(self) -> Iterator[tuple[Connection, float]]:
        for descriptor, _ in self._epoll.poll(PATIENCE) or _silence():
            wait = self._asking[descriptor].read()
            if wait is not None:
                connection = self._asking.pop(descriptor)
                self._epoll.unregister(descriptor)
                connection.rest()
                self._answered += 1
                yield connection, wait


def _silence():
    raise TimeoutError(f"No answer for {PATIENCE} seconds.")


def main():
    """What `served` starts."""
    port, requests, seconds, again = pickle.load(sys.stdin.buffer)
    pickle.dump(tuple(Load(port, requests, again).run(seconds)), sys.stdout.buffer)


if __name__ == "__main__":
    main()
