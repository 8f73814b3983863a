"""Every fault at its full size; a table row for each figure. `python -m bench.faults kills storm` runs two of them."""

import argparse
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory

from bench.faults import clock, damage, disk, flood, kills, lock, readers, slow_uploads, soak, stop, storm, upload
from bench.server import allow_files, machine

FILES = 20_000  # sockets of the largest crowd, and room
FAULTS: dict[str, Callable[[Path], dict]] = {
    "kills": lambda tmp: kills.run(tmp, kills=50, clients=50),
    "disk": lambda tmp: disk.run(tmp, rounds=70),
    "lock-3": lambda tmp: lock.run(tmp, seconds=3),
    "lock-15": lambda tmp: lock.run(tmp, seconds=15),
    "slow": lambda tmp: readers.slow(tmp, readers=100, seconds=120),
    "dead": lambda tmp: readers.dead(tmp, readers=100),
    "storm": lambda tmp: storm.run(tmp, browsers=2000),
    "storm-9000": lambda tmp: storm.run(tmp, browsers=9000),
    "clock": clock.run,
    "upload": lambda tmp: upload.run(tmp, slow_seconds=20),
    "slow-uploads": slow_uploads.run,
    "soak": lambda tmp: soak.run(tmp, seconds=600),
    "stop": lambda tmp: stop.run(tmp, streams=2000),
    "greedy": lambda tmp: flood.greedy(tmp, tries=1000, total=1000),
    "junk": lambda tmp: flood.junk(tmp, requests=2000),
    "churn": lambda tmp: flood.churn(tmp, cycles=1000),
    "sign-ins": lambda tmp: flood.sign_ins(tmp, tries=200),
    "rest": lambda tmp: flood.rest(tmp, streams=500),
    "damage": damage.run,
}


def main():
    parser = argparse.ArgumentParser(prog="python -m bench.faults", description=__doc__)
    parser.add_argument("fault", nargs="*", metavar="|".join(FAULTS), help="by default all")
    allow_files(FILES)
    for name in parser.parse_args().fault or FAULTS:
        print(f"\n{name}: {machine()}\n")
        with TemporaryDirectory(prefix="informejo-faults-") as folder:
            _print(FAULTS[name](Path(folder)))


def _print(figures: dict):
    print("| figure | |", "| --- | --- |", sep="\n")
    for name, figure in figures.items():
        print(f"| {name} | {figure if figure != '' else 'none'} |", flush=True)


if __name__ == "__main__":
    main()
