"""What a mail server that hangs costs whoever posts a comment: nothing, or it would stand in the ratio."""

import argparse
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from itertools import cycle

from sqlalchemy import func, select

from bench.browser import Browser, quantile
from bench.server import Desk, desk, headers, machine, running
from informejo import db
from informejo.mail.models import OutgoingMail
from informejo.mail.words import OutState

IN_A_ROW = 5  # comments on one desk before the other's turn: a slow moment of the machine meets both
WARM = 20
PEOPLE = {"staff": 24, "requesters": 24}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--times", type=int, default=1_000, help="comments on each desk")
    times = parser.parse_args().times
    print(f"{machine()}\n")
    with desk(**PEOPLE) as waiting, desk(**PEOPLE) as hanging, silence() as silent:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": silent.port, "SMTP_SECURITY": "none"}
        with running(waiting), running(hanging, **mail, MAIL_FROM="help@example.org"):
            without, against = in_turns([waiting, hanging], times)
        print(
            "| comments | without a mail server, ms | with one that hangs, ms | ratio |\n| --- | ---: | ---: | ---: |"
        )
        for name, part in (("median", 0.5), ("p95", 0.95), ("p99", 0.99)):
            one, other = quantile(without, part), quantile(against, part)
            print(f"| {name} | {one:.1f} | {other:.1f} | {other / one:.2f} |")
        print(f"\n{silent.calls} calls that hung; mails that wait: {left(waiting)} and {left(hanging)}")


def in_turns(desks: list[Desk], times: int) -> list[list[float]]:
    """The waits of so many comments on each desk, by one of the staff after the other, each on another ticket."""
    people = [cycle(here.staff) for here in desks]
    for here, cookies in zip(desks, people, strict=True):
        _say(here, next(cookies), WARM)
    waits = [[] for _ in desks]
    for _ in range(-(-times // IN_A_ROW)):
        for here, cookies, found in zip(desks, people, waits, strict=True):
            found.extend(_say(here, next(cookies), IN_A_ROW))
    return waits


def _say(here: Desk, cookie: str, times: int) -> list[float]:
    browser = Browser(here.port, headers(here, cookie))
    return [browser.say(1 + number % PEOPLE["requesters"]) for number in range(times)]


def left(here: Desk) -> int:
    """How many mails of that desk have not gone out."""
    with here.app.app_context():
        states = OutgoingMail.state.in_((OutState.WAITING, OutState.SENDING))
        return db.session.scalar(select(func.count(OutgoingMail.id)).where(states))


class Silent:
    """A mail server that greets, and then never says anything."""

    def __init__(self):
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.port, self.calls, self._held = self._listener.getsockname()[1], 0, []

    def serve(self):
        """Until it is closed."""
        with suppress(OSError):
            while True:
                client, _ = self._listener.accept()
                client.sendall(b"220 silent.example.org ESMTP\r\n")
                self._held.append(client)
                self.calls += 1

    def close(self):
        """Hang up on everybody."""
        self._listener.shutdown(socket.SHUT_RDWR)
        for one in (self._listener, *self._held):
            one.close()


@contextmanager
def silence() -> Iterator[Silent]:
    """Such a server for the block."""
    server = Silent()
    threading.Thread(target=server.serve, daemon=True).start()
    try:
        yield server
    finally:
        server.close()


if __name__ == "__main__":
    main()
