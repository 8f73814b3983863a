"""How long the reading of a mail takes that is made to take long, beside the standard library's own reading of it."""

import argparse
import email
import email.policy
import signal
import time

from bench.server import machine
from informejo.mime import guards, quotes, reports
from informejo.mime.parsing import parse
from tests.mime.hostile import MAILS

PATIENCE = 3  # seconds for the standard library
ROW = "{:<44}{:>10}{:>10}{:>10}{:>18}"
PLAIN = b"From: ann@example.com\r\nSubject: x\r\n\r\n" + b"A line of a mail of a person.\r\n" * 2_000


def main():
    size = _size()
    print(machine(), f"milliseconds of the processor for {size:,} bytes, the least of three", "", sep="\n")
    print(ROW.format("mail", "read", "judged", "split", "standard library"))
    rows = sorted((_row(name, MAILS[name].mail(size)) for name in MAILS), key=lambda row: -sum(row[1:]))
    for name, *taken in [*rows[:15], _row("a plain mail", PLAIN[:size])]:
        raw = MAILS[name].mail(size) if name in MAILS else PLAIN[:size]
        print(ROW.format(name[:42], *(f"{each:.1f}" for each in taken), _theirs(raw)))


def _size() -> int:
    options = argparse.ArgumentParser(description=__doc__)
    options.add_argument("--size", type=int, default=64_000, help="bytes of each mail")
    return options.parse_args().size


def _row(name: str, raw: bytes) -> tuple:
    parsed = parse(raw)
    return (
        name,
        _least(lambda: parse(raw)),
        _least(lambda: (guards.is_automatic(parsed), guards.dmarc(parsed, "mx.b.c"), reports.read(parsed))),
        _least(lambda: quotes.split(parsed.text)),
    )


def _theirs(raw: bytes) -> str:
    """With the policy that reads addresses and encoded words too, each field and each part once."""
    signal.signal(signal.SIGALRM, _stop)
    signal.alarm(PATIENCE)
    try:
        return f"{_least(lambda: _read(raw), times=1):.1f}"
    except Exception as error:  # which one it is, is the figure
        return f"over {PATIENCE} s" if isinstance(error, TimeoutError) else type(error).__name__
    finally:
        signal.alarm(0)


def _stop(*_):
    raise TimeoutError


def _read(raw: bytes):
    for part in email.message_from_bytes(raw, policy=email.policy.default).walk():
        for name in part:
            str(part[name])
        part.get_content() if part.get_content_maintype() == "text" else None


def _least(act, times: int = 3) -> float:
    """Milliseconds of the processor: other work on the machine does not lengthen them."""
    taken = []
    for _ in range(times):
        begun = time.process_time()
        act()
        taken.append(time.process_time() - begun)
    return min(taken) * 1_000


if __name__ == "__main__":
    main()
