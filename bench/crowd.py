"""Many browsers in one process: opens streams, notes when each has a message, checks that none is lost or doubled."""

import select
import socket
import time
from collections.abc import Callable, Iterable

from bench import bookmarks

READY = b"event: ready"
END = b"\n\n\r\n"  # of a message in its chunk
TOGETHER = 64  # streams opened at the same time
PATIENCE = 20  # seconds


class Crowd:
    """So many open streams, all read by one epoll."""

    def __init__(self):
        self.heard: dict[int, bytes] = {}  # what each stream's reader has, since the last `listen`
        self._epoll = select.epoll()
        self._streams: dict[int, socket.socket] = {}

    def __len__(self) -> int:
        return len(self._streams)

    def join(self, port: int, requests: Iterable[bytes]):
        """Open one stream for each request, and wait until it is greeted."""
        requests = list(requests)
        for first in range(0, len(requests), TOGETHER):
            opening = [_asked(port, request) for request in requests[first : first + TOGETHER]]
            for stream in opening:
                _await_greeting(stream)
                stream.setblocking(False)
                self._streams[stream.fileno()] = stream
                self._epoll.register(stream.fileno(), select.EPOLLIN)

    def listen(self, until: Callable[[bytes], object], seconds: float = PATIENCE) -> list[float]:
        """Read until every stream's messages are as `until` wants them; when each was, in seconds, the first first."""
        self.heard = dict.fromkeys(self._streams, b"")
        moments, deadline = {}, time.monotonic() + seconds
        while len(moments) < len(self) and time.monotonic() < deadline:
            for descriptor, _ in self._epoll.poll(0.1, 1024):
                self.heard[descriptor] += self._read(descriptor)
                if descriptor not in moments and until(self.heard[descriptor]):
                    moments[descriptor] = time.monotonic()
        return sorted(moments.values())

    def drain(self, seconds: float):
        """Read whatever else may come, for so long."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            for descriptor, _ in self._epoll.poll(0.02, 1024):
                self.heard[descriptor] = self.heard.get(descriptor, b"") + self._read(descriptor)

    def wrong(self, count: int) -> int:
        """How many streams heard anything but so many events, each once, in order, and the same as the first stream."""
        told = [bookmarks.ids(heard) for heard in self.heard.values()]
        return sum(ids != sorted(set(told[0])) or len(ids) != count for ids in told)

    def leave(self):
        """Close them all."""
        for stream in self._streams.values():
            stream.close()
        self._streams.clear()
        self._epoll.close()

    def _read(self, descriptor: int) -> bytes:
        came = self._streams[descriptor].recv(262_144)
        if not came:
            self._epoll.unregister(descriptor)
        return came


def newest(heard: bytes) -> int:
    """The id of the last event in it, 0 when there is none or its message is not yet whole."""
    ids = bookmarks.ids(heard) if heard.endswith(END) else ()
    return ids[-1] if ids else 0


def _asked(port: int, request: bytes) -> socket.socket:
    stream = socket.create_connection(("127.0.0.1", port), PATIENCE)
    stream.sendall(request)
    return stream


def _await_greeting(stream: socket.socket):
    """Read until it is greeted, and on to the end of a message: what is heard from then on begins with a whole one."""
    greeting = b""
    while READY not in greeting or not greeting.endswith(END):
        came = stream.recv(65536)
        if not came or greeting.startswith((b"HTTP/1.1 4", b"HTTP/1.1 5")):
            raise ConnectionError((greeting + came).decode(errors="replace")[:500])
        greeting += came
