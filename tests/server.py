"""The real server: gunicorn with its one gevent worker, on a loopback port of its own, stopped by its process id."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from urllib.request import urlopen

from tests import database
from tests.ports import free_port
from tests.warm import Started, Starter

ROOT = Path(__file__).resolve().parents[1]
PYTHON = (sys.executable, "-m")


class Server:
    """`address` is where it listens; `log` what it wrote. `settings` are its environment variables."""

    # What starts it and its commands: the operating system, or in the suite what has imported them.
    starter: Starter | None = None
    commander: Starter | None = None

    def __init__(self, folder: Path, **settings):
        self.port = free_port()
        self.address = f"http://127.0.0.1:{self.port}"
        self.log = folder / f"server-{self.port}.log"
        places = {"DATABASE_URL": f"sqlite:///{folder}/desk.db", "UPLOAD_DIR": str(folder / "files")}
        own = {"HOST": "127.0.0.1", "PORT": self.port, "PUBLIC_URL": self.address}
        self.settings = {name: str(value) for name, value in (places | own | settings).items()}
        self.configuration = "gunicorn.conf.py"
        self.root = ROOT  # of the release that serves
        self.prefix = ()  # the command that confines it
        self._master = None

    def upgrade(self):
        """Put the database there that an installation makes."""
        database.upgraded(Path(self.settings["DATABASE_URL"].removeprefix("sqlite:///")))

    def flask(self, *words: str) -> subprocess.CompletedProcess:
        """A command of the operator, beside the server."""
        command = ["flask", "--app", "app", *words]
        if self.commander and self._is_ours:
            return self.commander.run(command, ROOT, self._environment)
        return subprocess.run(
            [*PYTHON, *command], cwd=self.root, env=self._environment, capture_output=True, check=False, text=True
        )

    def start(self):
        self.spawn()
        self._wait_until_it_answers()

    def spawn(self) -> subprocess.Popen | Started:
        """Start it, and do not wait until it answers: perhaps it never will."""
        words = ["gunicorn", "-c", self.configuration, "app:app"]
        if self.starter and self._is_ours:
            self._master = self.starter.start(words, ROOT, self._environment, self.log)
            return self._master
        with self.log.open("ab") as log:
            self._master = subprocess.Popen(
                [*self.prefix, *PYTHON, *words], cwd=self.root, env=self._environment, stdout=log, stderr=log
            )
        return self._master

    def stop(self):
        """As a service manager does it: SIGTERM, and all is told to come back."""
        self.ask_to_stop().wait(30)

    def ask_to_stop(self) -> subprocess.Popen | Started:
        """SIGTERM, without waiting for the end of the process it returns."""
        self._master.terminate()
        return self._master

    def restart(self):
        self.stop()
        self.start()

    def reload(self):
        """SIGHUP: the master starts a new worker, and ends the old one."""
        self._master.send_signal(signal.SIGHUP)

    def kill_worker(self):
        """The worker dies without a word; the master starts another."""
        os.kill(self.worker, signal.SIGKILL)

    def kill(self):
        """The master dies without a word; its worker sees that within a second and goes."""
        self._master.kill()
        self._master.wait(30)

    @property
    def worker(self) -> int:
        """The process id of the worker; 0 while there is none."""
        children = Path(f"/proc/{self._master.pid}/task/{self._master.pid}/children").read_text()
        return next(map(int, children.split()), 0)

    @property
    def _is_ours(self) -> bool:
        """Whether it is what the tests imported, and nothing has to happen before Python begins."""
        return self.root == ROOT and not self.prefix and "LD_PRELOAD" not in self.settings

    @property
    def _environment(self) -> dict[str, str]:
        return os.environ | self.settings

    def _wait_until_it_answers(self):
        deadline = time.monotonic() + 60
        while True:
            try:
                with urlopen(self.address, timeout=5):
                    if self.worker:  # or else one that was left over answered, and is about to go
                        return
            except OSError:
                assert self._master.poll() is None, self.log.read_text()
                assert time.monotonic() < deadline, "the server does not answer"
            time.sleep(0.05)
