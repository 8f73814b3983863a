"""One browser on one kept connection, and how long it waits for its answers."""

import os
import time
from http.client import HTTPConnection
from itertools import count
from urllib.parse import urlencode

from bench.server import BODY

_keys = count()


class Browser:
    """Asks one thing after the other. Each call returns seconds; an answer other than 200 is an error."""

    def __init__(self, port: int, headers: dict[str, str]):
        self._connection = HTTPConnection("127.0.0.1", port, timeout=60)
        self._headers = headers

    def read(self, path: str) -> float:
        """Get a page."""
        return self._ask("GET", path, None, {})

    def say(self, ticket: int) -> float:
        """Post a comment."""
        form = {"Content-Type": "application/x-www-form-urlencoded"}
        return self._ask("POST", f"/tickets/{ticket}/comments", urlencode(comment()), form)

    def _ask(self, method: str, path: str, body: str | None, headers: dict[str, str]) -> float:
        begun = time.monotonic()
        self._connection.request(method, path, body, self._headers | headers)
        answer = self._connection.getresponse()
        text = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{method} {path}: {answer.status} {text[:300]}")
        return time.monotonic() - begun


def comment() -> dict[str, str]:
    """The fields of the comment form, with a new key."""
    return {"body": BODY, "key": f"{os.getpid()}-{next(_keys)}"}


def reading(port: int, headers: dict[str, str], path: str, seconds: float) -> list[float]:
    """The waits of somebody who reads that page again and again for so long."""
    browser, deadline, waits = Browser(port, headers), time.monotonic() + seconds, []
    while time.monotonic() < deadline:
        waits.append(browser.read(path))
    return waits


def saying(port: int, headers: dict[str, str], ticket: int, times: int, pause: float) -> list[float]:
    """The waits of somebody who posts so many comments, with a `pause` in seconds after each."""
    browser, waits = Browser(port, headers), []
    for _ in range(times):
        waits.append(browser.say(ticket))
        time.sleep(pause)
    return waits


def quantile(waits: list[float], part: float) -> float:
    """The wait, in milliseconds, that `part` of all waits do not exceed."""
    return 1000 * sorted(waits)[min(len(waits) - 1, int(part * len(waits)))]


def summary(waits: list[float]) -> str:
    """What the waits were like, in words."""
    parts = ", ".join(f"p{part} {quantile(waits, part / 100):.1f}" for part in (50, 95, 99))
    return f"{parts}, worst {quantile(waits, 1):.1f} ms ({len(waits)} times)"
