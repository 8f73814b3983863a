"""A machine in a folder: a checkout, the places deploy.sh writes to, and systemd as systemctl.py plays it."""

import getpass
import http.client
import os
import shutil
import socket
import subprocess
import sys
import threading
from pathlib import Path

from tests.deploy.python import Python
from tests.posting import Desk, post
from tests.server import ROOT
from tests.warm import Starter

SHIPPED = ("app.py", "gunicorn.conf.py", "requirements.txt", "informejo", "migrations", "static", "templates", "deploy")
PLAYED = ROOT / "tests" / "deploy" / "systemctl.py"
PAUSE = 1  # second between two messages of one person; the desk asks whoever writes more than 60 in a minute to wait
STARTER = Starter(of_another_release=True)
AUTHOR = ("-c", "user.name=Mia", "-c", "user.email=mia@example.org", "-c", "commit.gpgsign=false")


class Machine:
    """`desk` is the desk on it, `checkout` what is deployed from, `home` where to."""

    def __init__(self, folder: Path):
        self.desk = Desk(folder / "desk")
        self.checkout, self.home, self.units = folder / "checkout", folder / "opt", folder / "units"
        self.env_file, self.state = folder / "informejo.env", folder / "state"
        for place in (self.checkout, self.units, self.state, folder / "bin"):
            place.mkdir()
        self.listener = socket.create_server(("127.0.0.1", self.desk.server.port), backlog=500)
        self._play_systemd(folder / "bin" / "systemctl")
        self._python = Python(folder / "venv", STARTER)
        self._path = f"{folder / 'bin'}:{os.environ['PATH']}"
        self.configure(**self.desk.server.settings)

    def configure(self, **settings):
        self.env_file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))

    def ship(self):
        """Fill the checkout with this version of Informejo."""
        for name in SHIPPED:
            if (ROOT / name).is_dir():
                shutil.copytree(ROOT / name, self.checkout / name, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(ROOT / name, self.checkout / name)
        self.git("init", "--quiet")
        return self.commit("as it is")

    def write(self, path: str, text: str):
        (self.checkout / path).write_text(text)

    def add(self, path: str, text: str):
        self.write(path, (self.checkout / path).read_text() + text)

    def commit(self, subject: str) -> str:
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", subject)
        return self.git("rev-parse", "HEAD")

    def git(self, *words: str) -> str:
        command = ["git", *AUTHOR, "-C", str(self.checkout), *words]
        return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()

    def deploy(self, *words: str, **environ) -> subprocess.CompletedProcess:
        return subprocess.run(
            [self.checkout / "deploy" / "deploy.sh", *words],
            env=self.environ | environ,
            pass_fds=(self.listener.fileno(),),
            timeout=240,
            capture_output=True,
            text=True,
            check=False,
        )

    def systemctl(self, *words: str):
        subprocess.run(["systemctl", *words], env=self.environ, pass_fds=(self.listener.fileno(),), check=True)

    @property
    def environ(self) -> dict[str, str]:
        places = {"HOME": self.home, "ENV": self.env_file, "UNITS": self.units, "VENV": self._python.place, "WAIT": 30}
        own = {f"INFORMEJO_{name}": str(value) for name, value in places.items()}
        played = {"PLAYED_STATE": str(self.state), "PLAYED_SOCKET": str(self.listener.fileno())}
        clean = {name: value for name, value in os.environ.items() if name not in self.desk.server.settings}
        return (
            clean | own | played | {"PATH": self._path, "PYTHON": sys.executable, "INFORMEJO_USER": getpass.getuser()}
        )

    @property
    def serving(self) -> str:
        """The revision that runs, as far as its folder tells; empty while none does."""
        try:
            return Path(f"/proc/{(self.state / 'pid').read_text()}/cwd").resolve(strict=True).name
        except FileNotFoundError:
            return ""

    def close(self):
        self.systemctl("stop", "informejo.socket", "informejo.service")
        self.listener.close()
        self._python.close()

    def _play_systemd(self, script: Path):
        script.write_text(f'#!/bin/sh\nexec {sys.executable} {PLAYED} "$@"\n')
        script.chmod(0o755)


class Crowd:
    """People who write all the time, each message over a new connection, as nginx makes them."""

    def __init__(self, desk: Desk):
        self.acknowledged: list[str] = []
        self.broken: list[str] = []
        self._desk, self._done = desk, threading.Event()
        self._people = [threading.Thread(target=self._write, args=(name,), daemon=True) for name in desk.cookies]

    def __enter__(self):
        for person in self._people:
            person.start()
        return self

    def __exit__(self, *_):
        self._done.set()
        for person in self._people:
            person.join(60)

    def _write(self, name: str):
        count = 0
        while not self._done.wait(PAUSE):
            count += 1
            self._say(name, f"{name} says {count}")

    def _say(self, name: str, text: str):
        line = http.client.HTTPConnection("127.0.0.1", self._desk.server.port, timeout=60)
        try:
            answer = post(line, f"/tickets/{self._desk.ticket}/comments", {"body": text}, self._desk.cookies[name])
        except OSError as error:
            self.broken.append(f"{text}: {error!r}")
        else:
            (self.acknowledged if answer == 303 else self.broken).append(text if answer == 303 else f"{text}: {answer}")
        finally:
            line.close()
