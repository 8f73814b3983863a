"""What a page costs while five hundred mails come in and as many go out: the same reader, in peace and in the rush."""

import argparse
import threading
import time
from contextlib import contextmanager
from email.message import EmailMessage
from multiprocessing import get_context

from sqlalchemy import func, select

from bench.browser import Browser, reading, summary
from bench.server import BODY, Desk, desk, headers, machine, running
from informejo import db
from informejo.intake import inbound
from informejo.mail.models import IncomingMail, OutgoingMail
from informejo.mail.words import InState, OutState

PEACE_SECONDS = 10
MOST_SECONDS = 300


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--mails", type=int, default=500, help="how many come in")
    times = parser.parse_args().mails
    print(f"{machine()}\n")
    with desk(requesters=24) as here, taking() as port:
        mail = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": port, "SMTP_SECURITY": "none"}
        with running(here, **mail, MAIL_FROM="Help desk <help@desk.example>", LOG_LEVEL="WARNING"):
            reader = headers(here, here.requesters[0])
            print(f"a page in peace: {summary(reading(here.port, reader, '/tickets/1', PEACE_SECONDS))}")
            waits, seconds = in_the_rush(here, Browser(here.port, reader), times)
        print(f"a page in the rush: {summary(waits)}")
        print(f"{ended(here)} in {seconds:.0f} s")


def in_the_rush(here: Desk, browser: Browser, times: int) -> tuple[list[float], float]:
    """The waits of one reader from the first mail until all are taken and answered, and how long that was."""
    begun, waits = time.monotonic(), []
    coming = threading.Thread(target=come, args=(here, times))
    coming.start()
    while coming.is_alive() or _left(here):
        until = time.monotonic() + 1
        while time.monotonic() < until:
            waits.append(browser.read("/tickets/1"))
        if time.monotonic() - begun > MOST_SECONDS:
            raise RuntimeError(f"after {MOST_SECONDS} s: {ended(here)}")
    return waits, time.monotonic() - begun


def come(here: Desk, times: int):
    """So many mails of as many people are kept, as what fetches them would."""
    with here.app.app_context():
        for number in range(times):
            inbound.store(_mail(number), "help", 1, number + 1)


def ended(here: Desk) -> str:
    """What became of all mails, in words."""
    with here.app.app_context():
        came = dict(db.session.execute(select(IncomingMail.state, func.count()).group_by(IncomingMail.state)).all())
        went = dict(db.session.execute(select(OutgoingMail.state, func.count()).group_by(OutgoingMail.state)).all())
    return f"in: {_told(came)}; out: {_told(went)}"


def _left(here: Desk) -> bool:
    with here.app.app_context():
        new = select(func.count(IncomingMail.id)).where(IncomingMail.state == InState.NEW)
        open_states = (OutState.WAITING, OutState.SENDING)
        waiting = select(func.count(OutgoingMail.id)).where(OutgoingMail.state.in_(open_states))
        return bool(db.session.scalar(new) or db.session.scalar(waiting))


def _told(states: dict) -> str:
    return ", ".join(f"{number} {state}" for state, number in states.items())


def _mail(number: int) -> bytes:
    mail = EmailMessage()
    mail["From"], mail["To"] = f"Person {number} <person{number}@elsewhere.example>", "help@desk.example"
    mail["Subject"], mail["Message-ID"] = f"Printer {number} does not print", f"<{number}@elsewhere.example>"
    mail.set_content(BODY)
    mail.add_alternative(f"<p>{BODY}</p>", subtype="html")
    return mail.as_bytes()


@contextmanager
def taking():
    """A mail server in a process of its own that takes everything; yields its port."""
    context = get_context("spawn")
    port, done = context.Queue(), context.Event()
    server = context.Process(target=_take, args=(port, done), daemon=True)
    server.start()
    try:
        yield port.get(timeout=30)
    finally:
        done.set()
        server.join(10)


def _take(port, done):
    from tests.mail.sink import running as sink  # here: only this process needs it

    with sink() as server:
        port.put(server.port)
        done.wait()


if __name__ == "__main__":
    main()
