"""People who post without a pause, and a list of what the server told each of them was saved."""

import secrets
import threading
import time
from typing import NamedTuple

from bench.faults.rig import Answer, Rig, ask

MULTIPART = (
    "--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{text}\r\n",
    "--x\r\nContent-Disposition: form-data; name=files; filename=a.bin\r\n\r\n",
)


class Said(NamedTuple):
    """Something posted: what, under which once-only key, with which answer."""

    kind: str  # comment, ticket or file
    key: str
    status: int
    seconds: float


class Posting:
    """`clients` people, each with a thread; each posts, waits for the answer, posts again. A context manager."""

    def __init__(self, rig: Rig, cookies: list[str], clients: int, kinds=("comment",), pause: float = 0):
        self.said: list[Said] = []
        self._rig, self._kinds, self._pause = rig, kinds, pause
        self._ended = threading.Event()
        people = [cookies[number % len(cookies)] for number in range(clients)]
        self._threads = [threading.Thread(target=self._post, args=(n, cookie)) for n, cookie in enumerate(people)]

    def __enter__(self) -> "Posting":
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_):
        self._ended.set()
        for thread in self._threads:
            thread.join()

    def saved(self, kind: str) -> set[str]:
        """The keys of what the server said it has."""
        return {said.key for said in self.said if said.kind == kind and 200 <= said.status < 400}

    def unanswered(self) -> int:
        """How many posts had no answer: they may be there or not."""
        return sum(not said.status for said in self.said)

    def statuses(self) -> dict[int, int]:
        """How often each status came."""
        return {status: sum(said.status == status for said in self.said) for status in {s.status for s in self.said}}

    def _post(self, number: int, cookie: str):
        while not self._ended.wait(self._pause):
            kind, key = self._kinds[(number + len(self.said)) % len(self._kinds)], secrets.token_hex(12)
            answer = post(self._rig, cookie, kind, key)
            self.said.append(Said(kind, key, answer.status, answer.seconds))
            if answer.status == 0:
                self._ended.wait(0.05)  # it is being restarted


def post(rig: Rig, cookie: str, kind: str, key: str, size: int = 20_000, timeout: float = 30) -> Answer:
    """One post of that kind. A comment says when it was sent, so that who hears it knows how long it took."""
    if kind == "ticket":
        fields = {"title": f"Ticket {key}", "description": f"It is called {key}.", "key": key}
        return ask(rig, "POST", "/tickets", cookie, fields, timeout)
    if kind == "comment":
        return ask(
            rig,
            "POST",
            "/tickets/1/comments",
            cookie,
            {"body": f"Said at {time.monotonic():.4f}.", "key": key},
            timeout,
        )
    kind = {"Content-Type": "multipart/form-data; boundary=x"}
    return ask(rig, "POST", "/tickets/1/comments", cookie, with_file(key, size), timeout, **kind)


def with_file(key: str, size: int, body: str = "") -> bytes:
    """A comment and its file of so many bytes, the key at its beginning, as a browser sends them."""
    fields = "".join(MULTIPART[0].format(name=name, text=text) for name, text in (("body", body or key), ("key", key)))
    return (fields + MULTIPART[1]).encode() + key.encode().ljust(size, b".") + b"\r\n--x--\r\n"
