"""Many browsers come back at once after the worker was killed, the way htmx does it."""

import heapq
import random
import re
import select
import socket
import time
from collections import Counter, deque
from pathlib import Path
from statistics import median

from bench.bookmarks import id_of
from bench.crowd import READY
from bench.faults.posting import Posting
from bench.faults.rig import Rig, Visits, rig

LONGEST, JITTER = 5.0, 0.3  # seconds, and share: as templates/base.html sets htmx's `reconnectMaxDelay`
PATIENCE = 10  # seconds until an answer has to begin, its `connectTimeout`
FIRST = 0.5  # seconds htmx waits when no server ever said `retry:`
BOOKMARK, WAIT = re.compile(rb"id: ([\w-]+)\n"), re.compile(rb"retry: (\d+)")
COMMENT = re.compile(rb'id="comment-(\d+)"')


def run(tmp: Path, *, browsers: int, seconds: float = 5) -> dict:
    """The worker is killed under so many browsers; a comment a second is posted, before, right after, and on.

    All look at the queue, where every event goes to everybody, but one in twenty at the ticket that is written on.
    """
    with rig(tmp, staff=24, STREAMS_PER_USER=browsers) as here:
        people = here.desk.staff
        topics = [("queue", "desk", "me") if n % 20 else ("ticket:1", "me", "desk") for n in range(browsers)]
        pages = Browsers(here, [here.stream(people[n % 24], *on) for n, on in enumerate(topics)])
        pages.follow(60, until=lambda: pages.open() == browsers)
        with Posting(here, people, 1, pause=1) as posting, Visits(here, "/tickets/1", people[0], 0.2) as visits:
            pages.follow(1)
            killed = time.monotonic()
            here.server.kill_worker()
            pages.follow(60, until=lambda: all(page.back_at > killed for page in pages.all))
            pages.follow(seconds)
        pages.follow(3)
        back = [browser.back_at - killed for browser in pages.all if browser.back_at > killed]
        figures = {
            "browsers": browsers,
            "back": len(back),
            "the first after, s": round(min(back), 1),
            "half of them after, s": round(median(back), 1),
            "the last after, s": round(max(back), 1),
            "gave up and asked again": pages.gave_up,
            "most in one second, %": round(100 * max(Counter(map(int, back)).values()) / browsers),
            "posts": len(posting.saved("comment")),
            "comments lost or doubled": _amiss(pages.all[::20], len(posting.saved("comment"))),
            "bookmarks behind": len(pages.all)
            - Counter(id_of(page.bookmark) for page in pages.all).most_common(1)[0][1],
            "answers of 5xx once it is back": pages.refused_after(min(back) + killed + 5),
            "page since the first is back, p99 ms": visits.p99(killed + min(back)),
            "longest gap, ms": here.gap(killed),
        }
        pages.leave()
    return figures


class Browser:
    """One page with a stream: what it heard, and when it tries again."""

    def __init__(self, request: bytes):
        self.request, self.socket, self.heard = request, None, b""
        self.bookmark, self.base, self.tries = b"", FIRST, 0
        self.number, self.back_at, self.comments = 0, 0.0, Counter()


class Browsers:
    """Many pages in one epoll."""

    def __init__(self, rig: Rig, requests: list[bytes]):
        self.all = [Browser(request) for request in requests]
        self._waiting = [
            (time.monotonic() + number / 400, number) for number in range(len(self.all))
        ]  # whose turn, when
        for number, browser in enumerate(self.all):
            browser.number = number
        self._port, self._epoll, self._by_descriptor = rig.port, select.epoll(), {}
        self._trying: deque[tuple[float, Browser, socket.socket]] = deque()  # until when
        self._refused: list[float] = []
        self.gave_up = 0

    def open(self) -> int:
        return sum(browser.back_at > 0 for browser in self.all)

    def refused_after(self, moment: float) -> int:
        return sum(at > moment for at in self._refused)

    def follow(self, seconds: float, until=lambda: False):
        """Read, and connect again whoever is due, for so long."""
        end = time.monotonic() + seconds
        while time.monotonic() < end and not until():
            for descriptor, happened in self._epoll.poll(0.01, 512):
                turn = self._ask if happened & select.EPOLLOUT else self._read
                turn(self._by_descriptor[descriptor])
            now = time.monotonic()
            while self._waiting and self._waiting[0][0] < now:
                self._connect(self.all[heapq.heappop(self._waiting)[1]])
            while self._trying and self._trying[0][0] < now:
                self._give_up(*self._trying.popleft()[1:])

    def leave(self):
        for browser in self._by_descriptor.values():
            browser.socket.close()
        self._epoll.close()

    def _connect(self, browser: Browser):
        # Without waiting for it: where the server's queue is full, one browser would keep all others from trying.
        browser.socket, browser.heard = socket.socket(), b""
        browser.socket.setblocking(False)
        browser.socket.connect_ex(("127.0.0.1", self._port))
        self._by_descriptor[browser.socket.fileno()] = browser
        self._epoll.register(browser.socket.fileno(), select.EPOLLOUT)
        self._trying.append((time.monotonic() + PATIENCE, browser, browser.socket))

    def _ask(self, browser: Browser):
        known = b"Last-Event-ID: %b\r\n\r\n" % browser.bookmark if browser.bookmark else b"\r\n"
        try:
            browser.socket.sendall(browser.request.removesuffix(b"\r\n") + known)
        except OSError:
            return self._drop(browser)
        return self._epoll.modify(browser.socket.fileno(), select.EPOLLIN)

    def _give_up(self, browser: Browser, connection: socket.socket):
        if browser.socket is connection and not browser.heard:
            self.gave_up += 1
            self._drop(browser)

    def _read(self, browser: Browser):
        try:
            came = browser.socket.recv(262_144)
        except OSError:
            came = b""
        if not came or browser.heard.startswith(b"HTTP/1.1 5"):
            self._drop(browser)
            return
        was_ready = READY in browser.heard
        browser.heard += came
        if READY in browser.heard and not was_ready:
            browser.back_at, browser.tries = time.monotonic(), 0
        self._note(browser)

    def _note(self, browser: Browser):
        whole, end, rest = browser.heard.rpartition(b"\n\n")
        if not end or READY not in browser.heard:
            return
        if (at := whole.rfind(b"id: ")) >= 0 and (bookmark := BOOKMARK.match(whole, at)):
            browser.bookmark = bookmark[1]
        if b"retry: " in whole and (waits := WAIT.findall(whole)):
            browser.base = int(waits[-1]) / 1000
        browser.comments.update(set(COMMENT.findall(whole)))
        browser.heard = READY + rest

    def _drop(self, browser: Browser):
        if browser.heard.startswith(b"HTTP/1.1 5"):
            self._refused.append(time.monotonic())
        del self._by_descriptor[browser.socket.fileno()]
        self._epoll.unregister(browser.socket.fileno())
        self._later(browser)

    def _later(self, browser: Browser):
        browser.socket.close()
        wait = min(browser.base * 2**browser.tries, LONGEST)
        browser.socket, browser.tries = None, browser.tries + 1
        due = time.monotonic() + wait * random.uniform(1 - JITTER, 1 + JITTER)
        heapq.heappush(self._waiting, (due, browser.number))


def _amiss(pages: list[Browser], posts: int) -> int:
    return sum(len(page.comments) != posts or set(page.comments.values()) != {1} for page in pages)
