"""The machine's clock jumps, forwards and backwards, while people post and listen."""

import time
from pathlib import Path

from bench.crowd import Crowd
from bench.faults.rig import Rig, ask, rig

JUMPS = {"+2 h": "+7200", "-2 h": "-7200", "+400 days": "+34560000"}
TRIES = 11  # one more than an address may fail to sign in within five minutes


def run(tmp: Path, *, streams: int = 50) -> dict:
    """Each jump in turn, every time from the right time, with streams open and comments posted on both sides of it."""
    clock = tmp / f"clock-{time.monotonic_ns()}"
    clock.parent.mkdir(parents=True, exist_ok=True)
    clock.write_text("+0")
    library = next(Path("/usr/lib").glob("*/faketime/libfaketime.so.1"), None)
    if library is None:
        raise RuntimeError("libfaketime is not installed here.")
    faked = {
        "LD_PRELOAD": library,
        "FAKETIME_TIMESTAMP_FILE": clock,
        "FAKETIME_NO_CACHE": 1,
        "FAKETIME_DONT_FAKE_MONOTONIC": 1,
        "FAKETIME_DONT_RESET": 1,
    }
    with rig(tmp, staff=6, requesters=1, STREAMS_PER_USER=streams, **faked) as here:
        figures = {"streams": streams}
        for jump, offset in JUMPS.items():
            figures |= {f"{jump}: {name}": figure for name, figure in _jump(here, clock, offset, streams).items()}
        return figures | {"errors of our own": here.broke(), "longest gap, ms": here.gap()}


def _jump(here: Rig, clock: Path, offset: str, streams: int) -> dict:
    crowd, people = Crowd(), here.desk.staff
    crowd.join(here.port, [here.stream(people[n % 6], "ticket:1", "me") for n in range(streams)])
    crowd.heard = dict.fromkeys(crowd.heard, b"")
    refused = [_fail_to_sign_in(here) for _ in range(TRIES)][-1]
    posted = [_say(here, people[0])]
    clock.write_text(offset)
    still = _fail_to_sign_in(here)
    posted += [_say(here, people[0]) for _ in range(3)]
    page = ask(here, "GET", "/tickets/1", people[1])
    crowd.drain(3)
    clock.write_text("+0")
    posted += [_say(here, people[0])]
    crowd.drain(2)
    figures = {
        "posts": posted,
        "streams that heard all, in order": streams - crowd.wrong(posted.count(303)),
        "guesses before and after": [refused.status, still.status],
        "wait told, s": int(still.headers.get("Retry-After", 0)),
        "page": page.status,
        "negative durations": page.text.count("-1 ") + page.text.count("−1 "),
    }
    crowd.leave()
    return figures


def _say(here: Rig, cookie: str) -> int:
    return ask(here, "POST", "/tickets/1/comments", cookie, {"body": "What time is it?"}).status


def _fail_to_sign_in(here: Rig):
    return ask(here, "POST", "/sign-in", "", {"email": "agent-1@example.org", "password": "not the right one"})
