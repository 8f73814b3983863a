"""One open stream: who listens, to what, and what still waits to be written to a slow reader."""

import socket
import threading
from collections import deque
from collections.abc import Callable, Iterator
from contextlib import suppress

from informejo.live import wire
from informejo.live.wire import Channel

MAX_WAITING = 256  # messages, and
MAX_WAITING_BYTES = 1024 * 1024  # bytes that may wait for a slow reader before it is let go
USER_TIMEOUT = 30_000  # milliseconds the kernel keeps trying to reach a browser that fell silent


class Subscription:
    """A stream in one of three stages: opening (messages wait), on a socket of its own, or read by `frames`."""

    __slots__ = ("channels", "closed", "expires", "floor", "lasts", "opening", "ready", "session_id", "size", "slot",
                 "socket", "user_id", "waiting", "want_turn")  # fmt: skip

    def __init__(self, channels: tuple[Channel, ...], user_id: int, session_id: int, slot: int, expires: float):
        self.channels, self.user_id, self.session_id = channels, user_id, session_id
        self.slot, self.expires = slot, expires
        self.lasts = 0.0  # seconds it may live from the moment that somebody reads it
        self.opening: list[tuple[int, bytes]] | None = []
        self.floor = 0  # events up to this one were replayed: the same coming live are dropped
        self.socket: socket.socket | None = None
        self.ready: threading.Event | None = None
        self.want_turn: Callable[[Subscription, bool], None] | None = None  # asks for a turn when it can write again
        self.waiting: deque | None = None  # kept None while nothing waits: it is the larger part of a stream's memory
        self.size = 0
        self.closed = False

    def settle(self, floor: int):
        """The replay reached up to the event `floor`: what waited and is newer follows it, the rest is dropped."""
        newer = [frame for id, frame in self.opening if not id or id > floor]
        self.floor, self.opening = floor, None
        for frame in newer:
            self._keep(frame)

    def take(self, raw: socket.socket, want_turn) -> bool:
        """From now on write to this non-blocking socket, what has waited first. False when the reader is gone."""
        if raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.socket, self.want_turn = raw, want_turn
        return self.flush() if self.waiting else True

    def write(self, frame: bytes, id: int = 0) -> bool:
        """Send one chunk, or keep it until its turn. False when this reader is lost: gone, or too slow for too long."""
        if id and id <= self.floor:
            return True
        if self.opening is not None:
            self.opening.append((id, frame))
            return len(self.opening) <= MAX_WAITING
        if self.socket is None or self.waiting:
            return self._keep(frame)
        try:
            sent = self.socket.send(frame)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        if sent == len(frame):
            return True
        self.want_turn(self, True)
        return self._keep(memoryview(frame)[sent:])

    def flush(self) -> bool:
        """Write what waits, as far as it goes. False when the reader is gone."""
        while self.waiting:
            frame = self.waiting[0]
            try:
                sent = self.socket.send(frame)
            except BlockingIOError:
                self.want_turn(self, True)
                return True
            except OSError:
                return False
            self.size -= sent
            if sent < len(frame):
                self.waiting[0] = memoryview(frame)[sent:]
            else:
                self.waiting.popleft()
        self.waiting = None
        self.want_turn(self, False)
        return True

    def frames(self) -> Iterator[bytes]:
        """The messages as they come, without chunks around them, until the stream is closed."""
        self.ready = threading.Event()
        while True:
            while self.waiting:
                frame = bytes(self.waiting.popleft())
                self.size -= len(frame)
                yield wire.unchunk(frame)
            if self.closed:
                return
            self.ready.wait()
            self.ready.clear()

    def finish(self, farewell: bytes = b""):
        """Say the last words and finish the response on a whole message, as far as the reader takes them now."""
        if self.socket is None:
            if farewell and self.opening is None:
                self._keep(farewell)
        elif not self.waiting:
            with suppress(OSError):  # gone, or full: a reader who gets only a part notices the cut, and comes back
                self.socket.send(farewell + wire.LAST_CHUNK)

    def close(self):
        """Let the connection go."""
        self.closed = True
        try:
            if self.socket is not None:
                self.socket.close()
        finally:
            if self.ready:
                self.ready.set()

    def _keep(self, frame) -> bool:
        if self.waiting is None:
            self.waiting = deque()
        self.waiting.append(frame)
        self.size += len(frame)
        if self.ready:
            self.ready.set()
        return len(self.waiting) <= MAX_WAITING and self.size <= MAX_WAITING_BYTES
