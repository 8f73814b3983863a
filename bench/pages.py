"""What pages cost: the server's own time beside a bare Flask's, and how many a second beside django-helpdesk."""

import argparse
import cProfile
import pstats
from collections.abc import Callable
from contextlib import nullcontext
from dataclasses import dataclass
from functools import partial
from statistics import mean
from typing import NamedTuple
from urllib.parse import urlencode

from bench.browser import comment, quantile
from bench.filling import fill
from bench.load import Served, request, served
from bench.own import Own, own, own_time
from bench.peer import NAME, Peer, beside
from bench.server import Desk, cpu_of, desk, headers, machine, running

UNSOLVED, COMMENTS, AGENTS = 2_000, 50, 24
MANY = 8  # connections at the same time
ROUNDS = 3
POSTED = 250 // ROUNDS  # comments by one person, who may change 300 things a minute
TOP = 15  # lines of a profile


@dataclass(frozen=True)
class Page:
    """One row, and its aims: own time at most `bare` times a bare Flask's, at least `other` times the peer's rate."""

    name: str
    path: str  # with a place for a number it is posted to, each by other people on another ticket
    bare: int
    other: int | None


class Rate(NamedTuple):
    """Answers a second, milliseconds until 99 of a hundred have theirs, and the worker's own seconds for each."""

    rate: float
    p99: float
    work: float

    @classmethod
    def of(cls, worker: int, serve: Callable[[], Served]) -> "Rate":
        before = cpu_of(worker)
        got = serve()
        return cls(got.rate, quantile(got.waits, 0.99), (cpu_of(worker) - before) / got.answers)

    @classmethod
    def mean(cls, rates: list["Rate"]) -> "Rate":
        return cls(*map(mean, zip(*rates, strict=True)))


PAGES = (
    Page("ticket", "/tickets/1", 40, 30),
    Page("queue", "/queue", 40, 30),
    Page("dashboard", "/desk", 40, 60),
    Page("POST of a comment", "/tickets/{}/comments", 60, None),
)
HEADS = ("page", "bytes", "own, ms", "bare Flask, ms", "times", "times, work", "in SQLite, ms", "statements")
HEADS += (f"{MANY} at once, /s", "p99, ms", f"{NAME}, /s", "times", "times, work", "aim", "met")
LINE = ["---", *["---:"] * (len(HEADS) - 3), "---", "---"]
ROW = "| " + " | ".join("{}" for _ in HEADS) + " |"


def main():
    options = _options()
    with desk(requesters=UNSOLVED, comments=COMMENTS, staff=AGENTS) as here:
        fill(here, options.tickets)
        if options.profile:
            return _profile(here, options)
        print(machine())
        with beside(here) if options.peer else nullcontext() as peer:
            print(_told(options, peer), "", ROW.format(*HEADS), ROW.format(*LINE), sep="\n")
            _measure(here, peer, options)
    return None


def _measure(here: Desk, peer: Peer | None, options: argparse.Namespace):
    """First the own time of all, with no server beside it; then page by page how many are served."""
    costs = [own(here, page.path, options.times) for page in PAGES]
    with running(here):
        for page, cost in zip(PAGES, costs, strict=True):
            ours, theirs = _rounds(here, peer if page.other else None, page, options.seconds / ROUNDS)
            print(_row(page, cost, ours, theirs), flush=True)


def _rounds(here: Desk, peer: Peer | None, page: Page, seconds: float) -> tuple[Rate, Rate | None]:
    """Ours and theirs in turns, so that a slow moment of the machine meets both."""
    ours, theirs = [], []
    for _ in range(ROUNDS):
        asked = _requests(here, page)
        ours.append(Rate.of(here.worker, partial(served, here.port, asked, seconds, again="{}" not in page.path)))
        if peer:
            theirs.append(Rate.of(peer.worker, partial(peer.served, page.name, MANY, seconds)))
    return Rate.mean(ours), Rate.mean(theirs) if theirs else None


def _row(page: Page, cost: Own, ours: Rate, theirs: Rate | None) -> str:
    aims, met = [f"at most {page.bare}"], [cost.times <= page.bare]
    beside = ("-",) * 3
    if page.other:
        aims.append(f"at least {page.other}")
    if theirs:
        times = ours.rate / theirs.rate
        met.append(times >= page.other)
        beside = f"{theirs.rate:.1f}", f"{times:.0f}", f"{theirs.work / ours.work:.0f}"
    alone = f"{cost.page:.2f}", f"{cost.bare:.3f}", f"{cost.times:.0f}", f"{cost.times_work:.0f}"
    asked = f"{cost.sqlite:.2f}", f"{cost.statements:.0f}", f"{ours.rate:.0f}", f"{ours.p99:.0f}"
    said = ", ".join(aims), ", ".join("yes" if each else "no" for each in met)
    return ROW.format(page.name, f"{cost.bytes:,}", *alone, *asked, *beside, *said)


def _requests(here: Desk, page: Page) -> list[list[bytes]]:
    """What each connection asks for, one after the other."""
    if "{}" not in page.path:
        return [[request(page.path, headers(here, cookie))] for cookie in here.staff[:MANY]]
    return [
        [
            request(page.path.format(3 + number), headers(here, cookie), urlencode(comment()))
            for cookie in here.staff[number::MANY] * POSTED
        ]
        for number in range(MANY)
    ]


def _told(options: argparse.Namespace, peer: Peer | None) -> str:
    beside = f"; {peer.told}" if peer else ""
    return f"{options.tickets:,} tickets, {COMMENTS} comments on the ticket, 50 rows in the queue{beside}"


def _profile(here: Desk, options: argparse.Namespace):
    """Where the time of each goes, by the functions that take most of it themselves."""
    for page in PAGES:
        print(f"\n{page.name}, {options.times} times")
        own_time(here, page.path, 20)
        with cProfile.Profile() as profile:
            own_time(here, page.path, options.times)
        pstats.Stats(profile).sort_stats("tottime").print_stats(TOP)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.pages", description=__doc__)
    parser.add_argument(
        "--times", type=int, default=200, help="how often each is called for its own time (at most 250)"
    )
    parser.add_argument("--seconds", type=float, default=9, help=f"how long {MANY} connections ask for each")
    parser.add_argument("--tickets", type=int, default=UNSOLVED, help=f"on the desk, at least {UNSOLVED}")
    parser.add_argument("--peer", action="store_true", help=f"install {NAME} in a temporary folder, and measure it too")
    parser.add_argument("--profile", action="store_true", help=f"print the {TOP} dearest functions instead")
    return parser.parse_args()


if __name__ == "__main__":
    main()
