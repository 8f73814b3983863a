"""Somebody wants all streams for themselves, and somebody sends nonsense, while good streams go on."""

import re
import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from itertools import cycle, islice
from pathlib import Path

from bench.crowd import Crowd, newest
from bench.faults.posting import post
from bench.faults.rig import Answer, Rig, Visits, ask, rig, settle_in
from tests import world as cast

TELLS = re.compile(r"Traceback|object at 0x|File \"|[\w.]+@[\w.]+|informejo=", re.IGNORECASE)
SHORT = 300  # bytes an answer to nonsense may have


def greedy(tmp: Path, *, tries: int, total: int) -> dict:
    """One person asks for so many streams; then many people do, until there are `total`."""
    with rig(tmp, staff=total // 10, STREAMS_TOTAL=total) as here:
        people = here.desk.staff
        with Visits(here, "/tickets/1", people[1]) as visits:
            first = [_open(here, people[0]) for _ in range(tries)]
            personal = [status for status, _, _ in first]
            others = [_open(here, cookie) for cookie in islice(cycle(people[1:]), total)]
            full = [(status, retry) for status, retry, _ in others if status != 200]
        for *_, line in first + others:
            line.close()
        return {
            "asked for by one person": tries,
            "given to one person": personal.count(200),
            "told 429": personal.count(429),
            "given in all": sum(status == 200 for status, *_ in first + others),
            "told 503 with Retry-After": sum(status == 503 and bool(retry) for status, retry in full),
            "other answers": [status for status, _ in full if status != 503],
            "page, p99 ms": visits.p99(),
            "pages that failed": sum(status != 200 for status in visits.statuses),
            "longest gap, ms": here.gap(),
        }


def junk(tmp: Path, *, requests: int, streams: int = 100) -> dict:
    """So many requests that no browser would send, and whether the good streams notice."""
    with rig(tmp, staff=20, requesters=2) as here:
        crowd, people, worker = Crowd(), here.desk.staff, here.server.worker
        crowd.join(here.port, [here.stream(people[n % 20], "ticket:1", "me") for n in range(streams)])
        answers = [_send(here, kind) for kind in islice(cycle(_nonsense(here)), requests)]
        post(here, people[1], "comment", secrets.token_hex(12))
        heard = len(crowd.listen(newest, 10))
        crowd.leave()
        statuses = [status for status, _ in answers]
        return {
            "requests": requests,
            "statuses": {status: statuses.count(status) for status in sorted(set(statuses))},
            "not 4xx": sum(not 400 <= status < 500 for status in statuses),
            "longest answer, bytes": max(len(text) for _, text in answers),
            "told too much": [text for _, text in answers if TELLS.search(text)][:3],
            "streams that heard the next event": f"{heard} of {streams}",
            "same worker": here.server.worker == worker,
            "errors of our own": here.broke(),
            "longest gap, ms": here.gap(),
        }


def churn(tmp: Path, *, cycles: int) -> dict:
    """So many streams are opened and left at once; then everything has to be as before."""
    with rig(tmp, staff=20, count=True) as here:
        people = here.desk.staff
        ask(here, "GET", "/tickets/1", people[0])
        _open(here, people[0])[2].close()
        time.sleep(3)
        before, files, memory = here.noted()[-1], here.files(), here.memory()
        for number in range(cycles):
            _open(here, people[number % 20])[2].close()
        begun = time.monotonic()
        while time.monotonic() < begun + 30 and (
            here.noted()[-1] | {"at": 0, "gap": 0} != before | {"at": 0, "gap": 0}
        ):
            time.sleep(0.5)
        after = here.noted()[-1]
        return {
            "streams opened and left": cycles,
            **{f"{name} before, after": [int(before[name]), int(after[name])] for name in list(after)[2:]},
            "files before, after": [files, here.files()],
            "memory more, %": round(100 * (here.memory() / memory - 1), 1),
            "as before after, s": round(time.monotonic() - begun, 1),
            "longest gap, ms": here.gap(),
        }


def sign_ins(tmp: Path, *, tries: int, streams: int = 200) -> dict:
    """So many people sign in at once, every second one with a wrong password, while others read and listen."""
    with rig(tmp, staff=tries, STREAMS_PER_USER=streams) as here:
        settle_in(here)
        crowd, people = Crowd(), here.desk.staff
        crowd.join(here.port, [here.stream(people[n % 20], "ticket:1", "me") for n in range(streams)])
        begun = time.monotonic()
        with Visits(here, "/tickets/1", people[0]) as visits, ThreadPoolExecutor(tries) as crush:
            answers = list(crush.map(lambda number: _sign_in(here, number, right=number % 2 == 0), range(tries)))
        post(here, people[0], "comment", secrets.token_hex(12))
        heard, right = len(crowd.listen(newest, 10)), [answer for answer, wanted in answers if wanted]
        crowd.leave()
        return {
            "right": {status: sum(a.status == status for a in right) for status in {a.status for a in right}},
            "wrong let in": sum(answer.status == 303 for answer, wanted in answers if not wanted),
            "slowest answer, s": round(max(answer.seconds for answer, _ in answers), 1),
            "streams that heard the next event": f"{heard} of {streams}",
            "page, p99 ms": visits.p99(),
            "errors of our own": here.broke(),
            "longest gap, ms": here.gap(begun),
        }


def rest(tmp: Path, *, streams: int) -> dict:
    """So many streams are open; none may keep a connection to the database."""
    with rig(tmp, staff=20, STREAMS_PER_USER=streams) as here:
        crowd, people = Crowd(), here.desk.staff
        crowd.join(here.port, [here.stream(people[n % 20], "ticket:1", "me") for n in range(streams)])
        crowd.drain(2)
        noted = here.noted()[-1]
        with Visits(here, "/tickets/1", people[0]) as visits:
            crowd.drain(2)
        crowd.leave()
        return {
            "streams": int(noted["streams"]),
            "connections to the database": int(noted["connections"]),
            "page, p99 ms": visits.p99(),
        }


def _open(here: Rig, cookie: str) -> tuple[int, str, socket.socket]:
    """The status, Retry-After, and the line, which stays open."""
    line = socket.create_connection(("127.0.0.1", here.port), 30)
    line.sendall(here.stream(cookie, "ticket:1"))
    head = b""
    while b"\r\n\r\n" not in head and (came := line.recv(4096)):
        head += came
    retry = re.search(rb"Retry-After: (\d+)", head, re.IGNORECASE)
    return int(head[9:12] or 0), retry[1].decode() if retry else "", line


def _sign_in(here: Rig, number: int, right: bool) -> tuple[Answer, bool]:
    password = cast.PASSWORD if right else "not the right one"
    return ask(here, "POST", "/sign-in", "", {"email": f"agent-{number}@example.org", "password": password}, 60), right


def _nonsense(here: Rig) -> list[tuple[str, str, str, dict[str, str]]]:
    """Method, path, cookie and headers of requests that are to be refused."""
    agent, person = here.desk.staff[0], here.desk.requesters[0]
    return [
        ("GET", "/live?on=ticket:1", "", {}),
        ("GET", "/live/events?on=queue", "nobody", {}),
        ("GET", "/live?on=ticket:1", "", {"Last-Event-ID": "x" * 8000}),
        ("GET", "/live?on=ticket:1&since=1", agent, {"Last-Event-ID": "x" * 9000}),
        ("GET", "/live?on=%ff%fe%c0", agent, {}),
        ("GET", "/live?on=ticket:%00", agent, {}),
        ("POST", "/live?on=ticket:1", agent, {}),
        ("DELETE", "/live/events", agent, {}),
        ("GET", "/live?on=ticket:2", person, {}),
        ("GET", "/live?wanted=everything&on[]=1", agent, {}),
        ("GET", "/live?on=%25", agent, {}),
        ("GET", "/live?on=*", agent, {}),
        ("GET", "/live?" + "&".join(["on=me"] * 9), agent, {}),
    ]


def _send(here: Rig, request: tuple[str, str, str, dict[str, str]]) -> tuple[int, str]:
    method, path, cookie, headers = request
    answer: Answer = ask(here, method, path, cookie, **headers)
    return answer.status, answer.text
