"""A program that reads a stream the way a browser does: it comes back with its bookmark whenever it breaks off."""

import contextlib
import http.client
import re
import socket
import threading
import time

from informejo.live.bookmark import read
from tests.chain.asking import connect
from tests.chain.chain import NAME

PAUSE = 1  # seconds before it comes back, in the middle of what streams ask for
IDS = re.compile(r"^id: ([\w-]+)$", re.MULTILINE)


class Reader:
    """`ids` are the events it heard, in order; `opened` and `beats` the moments of each opening and heartbeat."""

    def __init__(self, port: int, address: str, cookie: dict[str, str], *, tls: bool = True):
        self.ids: list[int] = []
        self.opened: list[float] = []
        self.beats: list[float] = []
        self.headers = None
        self._port, self._address, self._cookie, self._tls = port, address, cookie, tls
        self._bookmark, self._line = "", None
        self._ready, self._leaving = threading.Event(), threading.Event()
        self._thread = threading.Thread(target=self._read_on, daemon=True)
        self._thread.start()

    def until_ready(self, seconds: float = 20) -> "Reader":
        assert self._ready.wait(seconds), "the stream did not open"
        return self

    @property
    def is_ready(self) -> bool:
        return self._ready.is_set()

    def leave(self):
        self._leaving.set()
        with contextlib.suppress(OSError, AttributeError):  # not connected just then
            self._line.shutdown(socket.SHUT_RDWR)
        self._thread.join(10)

    def _read_on(self):
        while not self._leaving.wait(PAUSE if self.opened else 0):
            with contextlib.suppress(OSError, http.client.HTTPException):
                self._read()
            self._ready.clear()

    def _read(self):
        self._line = connect(self._port, tls=self._tls, timeout=40)
        with self._line:
            self._line.sendall(self._request())
            answer = http.client.HTTPResponse(self._line)
            answer.begin()
            if answer.status != 200:
                return
            self.headers = answer.headers
            self.opened.append(time.monotonic())
            message = ""
            while line := answer.readline().decode():
                message += line
                if line == "\n":
                    self._hear(message)
                    message = ""

    def _request(self) -> bytes:
        fields = {"Host": NAME, "Accept": "text/event-stream", "Accept-Encoding": "gzip"} | self._cookie
        if self._bookmark:
            fields["Last-Event-ID"] = self._bookmark
        lines = [f"GET {self._address} HTTP/1.1", *(f"{name}: {value}" for name, value in fields.items())]
        return ("\r\n".join(lines) + "\r\n\r\n").encode()

    def _hear(self, message: str):
        if "event: beat" in message:
            self.beats.append(time.monotonic())
        found = IDS.search(message)
        if found and "event: ready" not in message and "event: beat" not in message:
            self.ids.append(read(found[1], "test").id)
        if found:
            self._bookmark = found[1]
        if "event: ready" in message:
            self._ready.set()
