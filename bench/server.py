"""A desk of the bench's own: people, tickets, sign-ins and the real server, in a temporary folder on a private port."""

import os
import resource
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from flask import Flask
from flask_migrate import stamp

from bench.bookmarks import EPOCH
from informejo import create_app, db
from informejo.accounts.models import Role, User
from informejo.accounts.session_actions import start_session
from informejo.cookies import cookie_name
from informejo.events.models import LogEpoch
from informejo.mail.models import MailKey
from informejo.tickets import actions
from informejo.tickets.words import Priority
from tests.ports import free_port

ROOT = Path(__file__).resolve().parent.parent
BODY = (
    "Thank you, that helps. I looked at the **print server**: the queue was stuck since this morning.\n\n"
    "1. Switch the printer off and on\n2. Wait until it says `Ready`\n3. Print the page again\n\n"
    "If it is still stuck, please send the number that the display shows."
)
START_SECONDS = 30
# gunicorn.conf.py as it is, and a note of the moments at which a message's writing begins and ends.
WATCHED = """
import time
exec(compile(open({conf!r}).read(), {conf!r}, "exec"))
_begin = post_worker_init

def post_worker_init(worker):
    _begin(worker)
    from bench.rates import let_each_do_more
    from informejo.live.hub import hub
    let_each_do_more()
    publish, notes = hub.publish, open({notes!r}, "a", buffering=1)

    def noted(shown, bookmark=None):
        begun = time.monotonic()
        received = publish(shown, bookmark)
        if bookmark and received:
            print(begun, time.monotonic(), received, file=notes)
        return received

    hub.publish = noted
"""


@dataclass
class Desk:
    """A furnished folder. `staff` and `requesters` are cookies; the requester at index n has ticket n + 1."""

    folder: Path
    app: Flask
    staff: list[str] = field(default_factory=list)
    requesters: list[str] = field(default_factory=list)
    port: int = 0
    worker: int = 0  # process id

    def memory(self) -> int:
        """Bytes of the worker that are in memory (RSS; PSS would jump when pages shared with the master part)."""
        lines = Path(f"/proc/{self.worker}/status").read_text().splitlines()
        return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))

    def cpu(self) -> float:
        """Seconds of processor time the worker has used."""
        return cpu_of(self.worker)

    def published(self) -> list[tuple[float, float]]:
        """When the writing of each message began and ended, in seconds of the machine's monotonic clock."""
        lines = (self.folder / "notes").read_text().splitlines()
        return [tuple(map(float, line.split()[:2])) for line in lines]


@contextmanager
def desk(*, staff: int = 24, requesters: int = 1, comments: int = 0, within: str | None = None) -> Iterator[Desk]:
    """A desk with so many people, a ticket of every requester, and `comments` on the first ticket."""
    with TemporaryDirectory(prefix="informejo-bench-", dir=within) as name:
        app = create_app({**_settings(Path(name)), "LOG_LEVEL": "WARNING"})
        furnished = Desk(Path(name), app)
        with app.app_context():
            db.alchemy.create_all()
            stamp(str(ROOT / "migrations"))
            db.session.add_all([LogEpoch(word=EPOCH), MailKey(word=EPOCH)])
            _furnish(furnished, staff, requesters, comments)
            db.commit()
        yield furnished


@contextmanager
def running(desk: Desk, **settings) -> Iterator[Desk]:
    """The real gunicorn on that desk; ended by its process id."""
    desk.port = free_port()
    conf = desk.folder / "gunicorn.conf.py"
    conf.write_text(WATCHED.format(conf=str(ROOT / "gunicorn.conf.py"), notes=str(desk.folder / "notes")))
    environ = os.environ | {name: str(value) for name, value in (_settings(desk.folder) | settings).items()}
    words = ["gunicorn", "-c", str(conf), "-b", f"127.0.0.1:{desk.port}", "app:app"]
    process = launch(words, ROOT, environ | {"PORT": str(desk.port)}, desk.folder / "log")
    try:
        desk.worker = worker_of(process, desk.port, desk.folder / "log")
        yield desk
    finally:
        process.terminate()
        process.wait(30)


@contextmanager
def bare() -> Iterator[int]:
    """A bare Flask behind a gunicorn of the same kind, on the port that this yields."""
    with TemporaryDirectory(prefix="informejo-bench-") as folder:
        port, log = free_port(), Path(folder) / "log"
        words = [
            "gunicorn",
            "-k",
            "gevent",
            "--worker-connections",
            "12000",
            "-b",
            f"127.0.0.1:{port}",
            "bench.bare:app",
        ]
        # Not in ROOT, whose settings gunicorn would take.
        process = launch(words, Path(folder), os.environ | {"PYTHONPATH": str(ROOT)}, log)
        try:
            worker_of(process, port, log)
            yield port
        finally:
            process.terminate()
            process.wait(30)


def launch(words: list[str], folder: Path, environ: dict[str, str], log: Path) -> subprocess.Popen:
    """`python -m` these words, from scratch; where it is not measured, tests have it forked from what is loaded."""
    with log.open("wb") as out:
        return subprocess.Popen([sys.executable, "-m", *words], cwd=folder, env=environ, stderr=out, stdout=out)


def worker_of(process: subprocess.Popen, port: int, log: Path) -> int:
    """The process id of gunicorn's one worker, once the port is open. Raises RuntimeError, with its log, if it ends."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
            return int(Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text().split()[0])
        except (OSError, IndexError):
            time.sleep(0.1)
    raise RuntimeError(log.read_text())


def cpu_of(process: int) -> float:
    """Seconds of processor time it has used."""
    fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def allow_files(count: int):
    """Let this process, and those it starts, hold so many sockets. Raises ValueError where the machine forbids it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft < count:
        resource.setrlimit(resource.RLIMIT_NOFILE, (count, max(hard, count)))


def headers(desk: Desk, cookie: str) -> dict[str, str]:
    """What a browser of that person sends, also with a change."""
    return {"Cookie": f"{cookie_name_at(desk)}={cookie}", "Sec-Fetch-Site": "same-origin", "HX-Request": "true"}


def cookie_name_at(desk: Desk) -> str:
    """The name of the sign-in cookie there."""
    with desk.app.app_context():
        return cookie_name()


def kernel_memory() -> int:
    """Bytes the kernel holds in structures of its own, sockets among them, which it cannot give back."""
    lines = Path("/proc/meminfo").read_text().splitlines()
    return next(int(line.split()[1]) * 1024 for line in lines if line.startswith("SUnreclaim:"))


def machine() -> str:
    """Where and on what these figures were measured, in one line."""
    revision = subprocess.check_output(["git", "describe", "--always", "--dirty"], cwd=ROOT, text=True)
    model = next(line for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name"))
    load = " ".join(f"{load:.1f}" for load in os.getloadavg())
    python = sys.version.split()[0]
    moment = time.strftime("%Y-%m-%d %H:%M", time.gmtime())
    return (
        f"{moment} UTC, revision {revision.strip()}, {os.cpu_count()} x {model.partition(': ')[2]}, "
        f"Linux {os.uname().release.partition('-')[0]}, Python {python}, load before {load}"
    )


def _settings(folder: Path) -> dict:
    return {"DATABASE_URL": f"sqlite:///{folder}/bench.db", "UPLOAD_DIR": str(folder / "files")}


def _furnish(desk: Desk, staff: int, requesters: int, comments: int):
    agents = [_person(f"Agent {number}", Role.AGENT, desk.staff) for number in range(staff)]
    people = [_person(f"Person {number}", Role.USER, desk.requesters) for number in range(requesters)]
    for number, person in enumerate(people):
        ticket = actions.open_ticket(
            person,
            title=f"The printer on floor {number % 40} does not print",
            description=BODY,
            priority=list(Priority)[number % 4],
        )
        ticket.assignee = agents[number % staff] if number % 3 else None
        for said in range(comments if number == 0 else 0):
            actions.add_comment(agents[said % staff] if said % 2 else person, ticket, body=BODY)


def _person(name: str, role: Role, cookies: list[str]) -> User:
    user = User(email=f"{name.replace(' ', '-')}@example.org".lower(), name=name, role=role)
    db.session.add(user)
    cookies.append(start_session(user, "bench"))
    return user
