"""Starts of the server and of commands at a quarter of the work: forked from a process that has loaded everything.

It is gunicorn's own command that runs, in an environment and a folder of its own, after gevent has patched everything,
or Flask's, where nothing is patched; only modules and compiled templates are there. Starts from scratch are tested in
tests/deploy and tests/test_commands.py, and bench measures nothing else. Of another release only what it is built on
can be there beforehand.
"""

import gc
import importlib
import json
import os
import resource
import runpy
import signal
import subprocess
import sys
import threading
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.waiting import until

ROOT = Path(__file__).resolve().parents[1]
LIBRARIES = (
    "flask_migrate",
    "limits.strategies",
    "markdown_it",
    "nh3",
    "prometheus_client",
    "pydantic",
    "pyotp",
    "segno",
)
LIBRARIES += ("argon2", "flask_sqlalchemy", "sqlalchemy.dialects.sqlite", "sqlalchemy.orm", "webauthn", "zxcvbn")


class Starter:
    """The process that they are forked from; it begins with the first, and ends with the process that asks it.

    `patched` by gevent; `of_another_release` than this, which is not loaded itself.
    """

    def __init__(self, *, patched: bool = False, of_another_release: bool = False):
        self._words = ["patched"] * patched + ["libraries"] * of_another_release
        self._process, self._turn = None, threading.Lock()

    def start(self, words: list[str], folder: Path, environment: dict[str, str], *logs: Path, **more) -> "Started":
        """Run `python -m` these words in that folder; what is printed goes into one log, or errors into another.

        `more` can be the `umask`.
        """
        order = {"words": words, "folder": str(folder), "environment": environment} | more
        order |= {"files": resource.getrlimit(resource.RLIMIT_NOFILE)}
        return Started(self, self.ask(order | {"logs": [str(log) for log in (logs[0], logs[-1])]}))

    def run(self, words: list[str], folder: Path, environment: dict[str, str]) -> subprocess.CompletedProcess:
        """The same, and what it printed once it has ended."""
        with TemporaryDirectory() as place:
            logs = Path(place, "stdout"), Path(place, "stderr")
            code = self.start(words, folder, environment, *logs).wait()
            return subprocess.CompletedProcess(words, code, *(log.read_text() for log in logs))

    def ask(self, order: dict) -> int | None:
        """Its answer to one order: the process id of what it started, or how that ended."""
        with self._turn:
            if self._process is None:
                command, pipe = [sys.executable, "-m", "tests.warm", *self._words], subprocess.PIPE
                self._process = subprocess.Popen(command, cwd=ROOT, stdin=pipe, stdout=pipe, text=True)
            print(json.dumps(order), file=self._process.stdin, flush=True)
            return json.loads(self._process.stdout.readline())


class Started:
    """One server started so, with what the tests use of subprocess.Popen."""

    def __init__(self, starter: Starter, pid: int):
        self._starter, self.pid, self.returncode = starter, pid, None

    def poll(self) -> int | None:
        if self.returncode is None:
            self.returncode = self._starter.ask({"ended": self.pid})
        return self.returncode

    def wait(self, timeout: float = 60) -> int:
        until(lambda: self.poll() is not None, timeout)
        return self.returncode

    def send_signal(self, number: int):
        if self.poll() is None:
            os.kill(self.pid, number)

    def terminate(self):
        self.send_signal(signal.SIGTERM)

    def kill(self):
        self.send_signal(signal.SIGKILL)


def main():
    """Load everything, then do one order after the other until whoever gives them is gone."""
    from gevent import monkey

    if "patched" in sys.argv:
        monkey.patch_all()
    if "libraries" in sys.argv:
        _load_libraries()
    else:
        _load_all()
    fork, waitpid = (monkey.get_original("os", name) for name in ("fork", "waitpid"))
    while line := sys.stdin.readline():
        order = json.loads(line)
        if "ended" in order:
            pid, status = waitpid(order["ended"], os.WNOHANG)
            answer = os.waitstatus_to_exitcode(status) if pid else None
        elif not (answer := fork()):
            return _become(**order)
        sys.stdout.write(f"{json.dumps(answer)}\n")
        sys.stdout.flush()
    return None


def _load_all():
    import gunicorn.app.wsgiapp
    import gunicorn.workers.ggevent  # noqa: F401

    from informejo import preload
    from tests import quick  # noqa: F401

    preload.everything()


def _load_libraries():
    for name in LIBRARIES:
        importlib.import_module(name)
    gc.freeze()


def _become(words: list[str], folder: str, environment: dict[str, str], files: list[int], logs: list[str], umask=0o022):
    """Be what `python -m` makes of these words."""
    resource.setrlimit(resource.RLIMIT_NOFILE, files)
    os.umask(umask)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.path[0] = folder
    os.dup2(os.open(os.devnull, os.O_RDONLY), sys.stdin.fileno())
    for stream, log in zip((sys.stdout, sys.stderr), logs, strict=True):
        os.dup2(os.open(log, os.O_WRONLY | os.O_APPEND | os.O_CREAT), stream.fileno())
    sys.argv = words
    runpy.run_module(words[0], run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
