"""What a ticket costs: bytes on disk, and the server's own time for each page as the desk grows."""

import argparse
from pathlib import Path

from bench.filling import fill
from bench.own import own_time
from bench.server import Desk, desk, machine
from informejo.shelf import shelf

SIZES = (1_000, 10_000, 100_000, 1_000_000)
ASKED = {
    "ticket": "/tickets/1",
    "queue": "/queue",
    "queue, by urgency": "/queue?sort=priority",
    "search, rare word": "/queue?status=&q=zanzibar",
    "search, common": "/queue?status=&q=printer",
    "dashboard": "/desk",
    "my tickets": "/tickets",
}
ROW = "{:>10}" + "{:>12}" + "{:>20}" * len(ASKED)


def main():
    options = _options()
    with desk(requesters=200) as here:
        print(machine(), "milliseconds of the server's own time, median; disk: bytes a ticket", "", sep="\n")
        print(ROW.format("tickets", "disk", *ASKED))
        for size in [size for size in SIZES if size <= options.most]:
            fill(here, size)
            print(ROW.format(f"{size:,}", _bytes(here) // size, *_times(here, options.times)), flush=True)


def _bytes(here: Desk) -> int:
    return sum(path.stat().st_size for path in Path(here.folder).glob("bench.db*"))


def _times(here: Desk, times: int) -> list[str]:
    found = []
    for path in ASKED.values():
        shelf.forget()
        here.app.extensions["rates"].storage.reset()  # nobody searches so often
        first = own_time(here, path, 1)  # the dashboard counts anew after each event: this is what that costs
        found.append(f"{own_time(here, path, times):.2f} ({first:.2f})")
    return found


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench.growth", description=__doc__)
    parser.add_argument("--most", type=int, default=SIZES[-1], help="tickets of the largest desk")
    parser.add_argument("--times", type=int, default=20, help="how often each page is asked for")
    return parser.parse_args()


if __name__ == "__main__":
    main()
