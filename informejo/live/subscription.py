"""One open stream: who listens, to what, and what still waits to be written to a slow reader."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import suppress

from informejo.live import wire
from informejo.live.backlog import Backlog
from informejo.live.wire import Channel, Frame

USER_TIMEOUT = 30_000  # milliseconds the kernel keeps trying to reach a browser that fell silent


class Subscription:
    """A stream in one of three stages: opening (messages wait), on a socket of its own, or read by `frames`."""

    __slots__ = ("backlog", "channels", "closed", "connection", "expires", "floor", "free", "lasts", "only", "opening",
                 "ready", "rest", "session_id", "slot", "socket", "user_id", "want_turn")  # fmt: skip

    def __init__(self, channels: tuple[Channel, ...], user_id: int, session_id: int, slot: int, expires: float):
        self.channels, self.user_id, self.session_id = channels, user_id, session_id
        self.slot, self.expires = slot, expires
        self.lasts = 0.0  # seconds it may live from the moment that somebody reads it
        self.only: int | None = None  # the ticket of the link by which its reader came in
        self.opening = True
        self.free = False  # on a socket of its own, and nothing waits: what is sent goes out at once
        self.floor = 0  # events up to this one were told: the same coming again are passed over
        self.connection: socket.socket | None = None  # on which the greeting is on its way, by other hands
        self.socket: socket.socket | None = None
        self.ready: threading.Event | None = None
        self.want_turn: Callable[[Subscription, bool], None] | None = None  # asks for a turn when it can write again
        self.backlog: Backlog | None = None  # kept None while nothing waits: it is the larger part of a stream's memory
        self.rest: memoryview | None = None  # of a chunk that was written in part: it must be finished first
        self.closed = False

    @property
    def waiting(self) -> int:
        """How many things wait for this reader, a chunk that was written in part among them."""
        return len(self.backlog or ()) + (self.rest is not None)

    @property
    def size(self) -> int:
        """How many bytes wait for this reader."""
        return (self.backlog.size if self.backlog else 0) + len(self.rest or b"")

    def settle(self, floor: int):
        """The replay reached up to the event `floor`: what waited and is newer follows it, the rest is dropped."""
        self.floor = self.backlog.forget(floor) if self.backlog else floor
        self.opening = False

    def take(self, raw: socket.socket, want_turn, beginning: bytes = b"") -> bool:
        """From now on write to this non-blocking socket: the `beginning`, then what has waited. False: nobody reads."""
        self.socket, self.want_turn = raw, want_turn
        if raw.family != socket.AF_UNIX:
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, USER_TIMEOUT)
            raw.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if beginning and not self._send(beginning):
            return False
        return self.rest is not None or self.flush()

    def write(self, frame: Frame) -> bool:
        """Send one message, or keep it until its turn. False when this reader is lost: gone, or too slow for too long.

        An event that was told already is passed over.
        """
        if frame.id:
            if frame.id <= self.floor:
                return True
            if not self.opening:
                self.floor = frame.id
        return self._send(frame.chunk) if self.free else self._keep(frame)

    def keep_rest(self, chunk, sent: int):
        """So much of this chunk went out; the rest does with the next turn, before anything else."""
        self.free = False
        self.rest = memoryview(chunk)[sent:]
        self.want_turn(self, True)

    def flush(self) -> bool:
        """Write what waits, as far as it goes. False when the reader is gone."""
        waited = self.rest is not None
        while self.rest is not None or self.backlog:
            chunk, self.rest = self.rest if self.rest is not None else self.backlog.next(), None
            if not self._send(chunk):
                return False
            if self.rest is not None:
                return True
        self.backlog = None
        self.free = True
        if waited:
            self.want_turn(self, False)
        return True

    def frames(self) -> Iterator[bytes]:
        """The messages as they come, without chunks around them, until the stream is closed."""
        self.ready = threading.Event()
        while True:
            while self.backlog:
                yield wire.unchunk(self.backlog.next())
            if self.closed:
                return
            self.ready.wait()
            self.ready.clear()

    def finish(self, last_words: Frame | None = None):
        """Say the last words and finish the response on a whole message, as far as the reader takes them now."""
        if self.socket is None:
            if last_words:
                self._keep(last_words)
        elif not self.waiting:
            with suppress(OSError):  # gone, or full: a reader who gets only a part notices the cut, and comes back
                self.socket.send((last_words.chunk if last_words else b"") + wire.LAST_CHUNK)

    def close(self):
        """Let the connection go."""
        self.closed = True
        try:
            if self.socket is not None:
                self.socket.close()
            elif self.connection is not None:
                with suppress(OSError):
                    self.connection.shutdown(socket.SHUT_RDWR)  # whoever waits to write the greeting waits no longer
        finally:
            if self.ready:
                self.ready.set()

    def _send(self, chunk) -> bool:
        try:
            sent = self.socket.send(chunk)
        except BlockingIOError:
            sent = 0
        except OSError:
            return False
        if sent < len(chunk):
            self.keep_rest(chunk, sent)
        return True

    def _keep(self, frame: Frame) -> bool:
        self.free = False
        if self.backlog is None:
            self.backlog = Backlog()
        fits = self.backlog.keep(frame)
        if self.ready:
            self.ready.set()
        return fits
