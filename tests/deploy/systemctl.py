"""Plays systemd: does what the unit files say, with a listening socket that outlives the service.

The socket comes as an open file, its number in PLAYED_SOCKET; PLAYED_STATE is a folder for pid and log.
"""

import fcntl
import os
import shlex
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

STATE = Path(os.environ["PLAYED_STATE"])
UNITS = Path(os.environ["INFORMEJO_UNITS"])
SOCKET = int(os.environ["PLAYED_SOCKET"])
PID, LOG = STATE / "pid", STATE / "log"
LISTEN = 3  # the number of the first socket, as in sd_listen_fds(3)
NAMED_AFTER_EXEC = ["sh", "-c", 'LISTEN_PID=$$ exec "$@"', "sh"]


def main(words: list[str]) -> int:
    for number in (signal.SIGHUP, signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.SIG_DFL)  # deploy.sh ignores them; what systemd starts inherits nothing of that
    with (STATE / "calls").open("a") as calls:
        print(*words, file=calls)
    verb, names = words[0], words[1:]
    if verb == "show":
        print(0 if running() else count())  # noqa: T201
        return 0
    if "informejo.service" not in names or verb in ("enable", "daemon-reload"):
        return 0
    if verb in ("stop", "restart"):
        stop()
    if verb == "stop" and "informejo.socket" not in names:
        # Its socket still listens: whoever comes now makes systemd start it again.
        again = [sys.executable, __file__, "start", "informejo.service"]
        subprocess.Popen(again, pass_fds=(SOCKET,), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return start() if verb in ("start", "restart") else 0


def start() -> int:
    """Run ExecStart unless it runs, and return once it says that it is ready (0) or has ended (1)."""
    os.dup2(SOCKET, LISTEN)
    unit = settings("informejo.service")
    with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as notices, LOG.open("ab") as log:
        notices.bind(f"\0{STATE}{os.getpid()}")
        notices.settimeout(0.1)
        environ = {"PATH": os.environ["PATH"], "LISTEN_FDS": "1", "NOTIFY_SOCKET": f"@{STATE}{os.getpid()}"}
        environ |= dict(line.split("=", 1) for line in lines(Path(unit["EnvironmentFile"])))
        with one_at_a_time():
            if running():
                return 0
            service = subprocess.Popen(
                [*NAMED_AFTER_EXEC, *shlex.split(unit["ExecStart"])],
                cwd=unit["WorkingDirectory"],
                env=environ,
                pass_fds=(LISTEN,),
                start_new_session=True,
                stdout=log,
                stderr=log,
                stdin=subprocess.DEVNULL,
            )
            PID.write_text(str(service.pid))
        while service.poll() is None:
            try:
                if "READY=1" in notices.recv(4096).decode().splitlines():
                    return 0
            except TimeoutError:
                continue
    return 1


def stop():
    """KillMode=mixed: SIGTERM to the first process; SIGKILL to all that are left after TimeoutStopSec."""
    with one_at_a_time():
        if not PID.exists():
            return
        pid = int(PID.read_text())
        deadline = time.monotonic() + float(settings("informejo.service")["TimeoutStopSec"])
        if alive(pid):
            os.kill(pid, signal.SIGTERM)
        while alive(pid) and time.monotonic() < deadline:
            time.sleep(0.02)
        if alive(pid):
            os.killpg(pid, signal.SIGKILL)
            with (STATE / "calls").open("a") as calls:
                print("killed", file=calls)
        PID.unlink()


@contextmanager
def one_at_a_time():
    with (STATE / "turn").open("w") as turn:
        fcntl.flock(turn, fcntl.LOCK_EX)
        yield


def running() -> bool:
    return PID.exists() and alive(int(PID.read_text()))


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


def count() -> int:
    """One more each time: as if it had been restarted by itself since."""
    return len((STATE / "calls").read_text().splitlines())


def settings(name: str) -> dict[str, str]:
    return dict(line.split("=", 1) for line in lines(UNITS / name))


def lines(file: Path) -> list[str]:
    return [line for line in file.read_text().splitlines() if "=" in line and not line.startswith("#")]


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
