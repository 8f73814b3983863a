"""django-helpdesk with the very same tickets, set up and served in a temporary folder: what pages cost elsewhere."""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.request import Request, urlopen

from bench.load import Served, request, served
from bench.server import START_SECONDS, Desk, worker_of
from tests.ports import free_port

NAME = "django-helpdesk"
WANTED = (f"{NAME}==2.6.1", f"gunicorn=={version('gunicorn')}")
FILES = Path(__file__).with_name("django_helpdesk")  # settings and the like
INSTALL_SECONDS, FURNISH_SECONDS = 180, 120
ROWS = re.compile(r'"url": "(/datatables_ticket_list/[^"]+)"')
FIFTY = "?draw=1&start=0&length=50&order%5B0%5D%5Bcolumn%5D=0&order%5B0%5D%5Bdir%5D=asc"


class Peer:
    """The other desk while it runs."""

    def __init__(self, port: int, worker: int, told: str, sessions: list[str]):
        self.told, self.worker = told, worker  # what it is, for whoever reads the table; a process id
        self._port, self._sessions = port, sessions
        self._views = {"ticket": ["/tickets/1/"], "queue": self._queue(), "dashboard": ["/dashboard/"]}

    def served(self, page: str, many: int, seconds: float) -> Served:
        """What so many connections of its staff get of that page, all its requests together being one answer."""
        paths = self._views[page]
        asked = [[request(path, _cookie(session)) for path in paths] for session in self._sessions[:many]]
        rate, waits, answers = served(self._port, asked, seconds)
        return Served(rate / len(paths), waits, answers / len(paths))

    def _queue(self) -> list[str]:
        # The page's script fetches the rows: nobody has seen the queue before both are there.
        rows = ROWS.search(self._read("/tickets/"))[1] + FIFTY
        if len(json.loads(self._read(rows))["data"]) != 50:
            raise RuntimeError("The queue there shows other rows than the one here.")
        return ["/tickets/", rows]

    def _read(self, path: str) -> str:
        asked = Request(f"http://127.0.0.1:{self._port}{path}", headers=_cookie(self._sessions[0]))
        return urlopen(asked, timeout=START_SECONDS).read().decode()


@contextmanager
def beside(here: Desk) -> Iterator[Peer | None]:
    """The peer, with the tickets of that desk. None, and a line that says why, where it cannot be installed."""
    with TemporaryDirectory(prefix="informejo-peer-") as name:
        folder = Path(name)
        why_not = _install(folder)
        if why_not:
            print(f"{NAME} cannot be installed here, so it is not measured: {why_not}")
            yield None
            return
        shutil.copytree(FILES, folder, dirs_exist_ok=True)
        furnished = json.loads(_furnish(folder, here))
        with _serving(folder) as (port, worker):
            told = f"{WANTED[0]} on Django {furnished['django']} and {WANTED[1]}, one sync worker"
            yield Peer(port, worker, told, furnished["sessions"])


def _install(folder: Path) -> str | None:
    """An environment of its own, filled by pip from wherever pip is told to look. What went wrong, if anything did."""
    python = folder / "venv/bin/python"
    pip = [python, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", *WANTED]
    try:
        for command in ([sys.executable, "-m", "venv", folder / "venv"], pip):
            subprocess.run(command, capture_output=True, text=True, check=True, timeout=INSTALL_SECONDS)
    except subprocess.TimeoutExpired:
        return f"it took more than {INSTALL_SECONDS} seconds"
    except subprocess.CalledProcessError as error:
        return (error.stderr or error.stdout).strip().rpartition("\n")[2]
    return None


def _furnish(folder: Path, here: Desk) -> str:
    command = _python(folder, "furnish.py", str(here.folder / "bench.db"))
    return subprocess.run(**command, stdout=subprocess.PIPE, text=True, check=True, timeout=FURNISH_SECONDS).stdout


@contextmanager
def _serving(folder: Path) -> Iterator[tuple[int, int]]:
    """gunicorn as its users start it: its port and its worker; ended by its process id."""
    port = free_port()
    with (folder / "log").open("wb") as log:
        command = _python(folder, "-m", "gunicorn", "-b", f"127.0.0.1:{port}", "served:application")
        process = subprocess.Popen(**command, stderr=log, stdout=log)
    try:
        yield port, worker_of(process, port, folder / "log")
    finally:
        process.terminate()
        process.wait(30)


def _python(folder: Path, *told: str) -> dict:
    """How the other side's Python is started, with nothing of ours around it."""
    environ = {"PATH": os.environ["PATH"], "DJANGO_SETTINGS_MODULE": "settings"}
    return {"args": [folder / "venv/bin/python", *told], "cwd": folder, "env": environ}


def _cookie(session: str) -> dict[str, str]:
    return {"Cookie": f"sessionid={session}"}
