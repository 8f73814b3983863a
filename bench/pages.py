"""What pages cost: the server's own time for each, and how many one worker serves in a second."""

import argparse
import cProfile
import pstats
import time
from concurrent.futures import ThreadPoolExecutor

from werkzeug.test import EnvironBuilder, run_wsgi_app

from bench.browser import Browser, comment, quantile
from bench.server import Desk, desk, headers, machine, running

TICKETS, COMMENTS, AGENTS = 2_000, 50, 24
ASKED = {  # a path with a place for a number is posted to, each by another person on another ticket
    "ticket page, 50 comments": "/tickets/1",
    "queue, 50 of 2,000": "/queue",
    "dashboard": "/desk",
    "POST of a comment": "/tickets/{}/comments",
}
MANY = 16  # at the same time
ROW = "{:26}" + "{:>9}" * 9
HEADS = ("own p50", "own p95", "bytes", "one: /s", "p50", "p99", f"{MANY}: /s", "p50", "p99")
TOP = 15  # lines of a profile


def main():
    options = _options()
    with desk(requesters=TICKETS, comments=COMMENTS, staff=AGENTS) as here:
        if options.profile:
            return _profile(here, options)
        print(machine(), "milliseconds; `own`: in the server, without a network", "", sep="\n")
        print(ROW.format("", *HEADS))
        own = {name: own_time(here, path, options.times) for name, path in ASKED.items()}
        with running(here):
            for name, path in ASKED.items():
                served = _served(here, path, 1, options.times), _served(here, path, MANY, options.times)
                print(ROW.format(name, *own[name], *served[0], *served[1]), flush=True)
    return None


def own_time(here: Desk, path: str, times: int) -> tuple[str, str, int]:
    """The app called as gunicorn calls it."""
    waits = []
    for _ in range(times):
        environ = _environ(here, path)
        begun = time.perf_counter()
        body, status, _ = run_wsgi_app(here.app, environ, buffered=True)
        waits.append(time.perf_counter() - begun)
        if not status.startswith("200"):
            raise RuntimeError(f"{path}: {status}")
    return *(f"{quantile(waits, part):.2f}" for part in (0.5, 0.95)), len(b"".join(body))


def _served(here: Desk, path: str, many: int, times: int) -> tuple[str, ...]:
    """So many browsers at once against the real server."""
    begun = time.monotonic()
    with ThreadPoolExecutor(many) as pool:
        asked = pool.map(lambda number: _visit(here, path, number, -(-times // many)), range(many))
        waits = [wait for waits in asked for wait in waits]
    rate = len(waits) / (time.monotonic() - begun)
    return f"{rate:.0f}", f"{quantile(waits, 0.5):.1f}", f"{quantile(waits, 0.99):.1f}"


def _visit(here: Desk, path: str, number: int, times: int) -> list[float]:
    browser = Browser(here.port, headers(here, here.staff[number]))
    return [browser.say(2 + number) if "{}" in path else browser.read(path) for _ in range(times)]


def _environ(here: Desk, path: str) -> dict:
    form = {"method": "POST", "data": comment()} if "{}" in path else {}
    return EnvironBuilder(path=path.format(2), headers=headers(here, here.staff[-1]), **form).get_environ()


def _profile(here: Desk, options):
    """Where the time of each goes, by the functions that take most of it themselves."""
    for name, path in ASKED.items():
        print(f"\n{name}, {options.times} times")
        own_time(here, path, 20)
        with cProfile.Profile() as profile:
            own_time(here, path, options.times)
        pstats.Stats(profile).sort_stats("tottime").print_stats(TOP)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument("--times", type=int, default=200, help="how often each is asked for (at most 250)")
    parser.add_argument("--profile", action="store_true", help=f"print the {TOP} dearest functions instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
