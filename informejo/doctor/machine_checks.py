"""Whether the machine, and the way Informejo was started on it, are right."""

import ctypes
import os
import re
import resource
import sqlite3
import sys
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from informejo import clock
from informejo.config import ROOT
from informejo.doctor.checks import Answer, Patient, broken, event_at, look, well
from informejo.version import RELEASED, VERSION

UNSYNCHRONISED = 5  # TIME_ERROR of adjtimex(2)
SPARE_FILES = 2_200  # descriptors beside streams: pages being served, the database, logs
NTP = "timedatectl set-ntp true"


def time(patient: Patient) -> Answer:
    """The clock is not behind what has already happened, and somebody keeps it right."""
    newest, now = (
        event_at(patient, "newest"),
        clock.now(),
    )  # the other way round, what happens in between would be later
    if now < RELEASED:
        return broken(f"The clock shows {now:%d %b %Y}, a time before this release.", NTP)
    if newest and now < newest:
        return broken(f"The clock shows {now:%d %b %Y, %H:%M} UTC, but the newest event is later.", NTP, since=None)
    kept = _is_synchronised()
    if kept is False:
        return look("Nobody keeps the clock right: it is not synchronised.", NTP)
    return well("The clock is right." if kept else "The clock is plausible; whether it is synchronised cannot be told.")


def open_files(patient: Patient) -> Answer:
    """As many descriptors as the streams of STREAMS_TOTAL need."""
    most, _ = resource.prlimit(patient.server or 0, resource.RLIMIT_NOFILE)
    needed = patient.settings["STREAMS_TOTAL"] + SPARE_FILES
    if most == resource.RLIM_INFINITY or most >= needed:
        return well(f"The server may open {most:,} files; {needed:,} are enough for STREAMS_TOTAL.")
    sentence = f"The server may open {most:,} files, and STREAMS_TOTAL may need {needed:,}."
    remedy = f"LimitNOFILE={needed} in its systemd unit (or: ulimit -n {needed}), or a smaller STREAMS_TOTAL"
    return broken(sentence, remedy) if most < 1024 else look(sentence, remedy)


def waiting_line(patient: Patient) -> Answer:
    """The kernel keeps enough new connections waiting while everybody comes back after a restart."""
    most = int(Path("/proc/sys/net/core/somaxconn").read_text())
    if most >= 1024:
        return well(f"The kernel lets {most:,} new connections wait.")
    return look(f"The kernel lets {most:,} new connections wait; after a restart that is few.",
                "sysctl -w net.core.somaxconn=4096")  # fmt: skip


def processes(patient: Patient) -> Answer:
    """One server on this database, and not as root."""
    servers = servers_on(patient.database) if patient.database else []
    if len(servers) > 1:
        numbers = ", ".join(map(str, servers))
        remedy = f"ps -o pid,ppid,lstart,cmd -p {numbers.replace(' ', '')}  # and end those that are too many"
        return broken(f"{len(servers)} servers have the database open: {numbers}. Each tells only half.", remedy)
    if patient.server is None:
        return look(
            "No server has the database open (or this account may not see it).",
            "bin/run  # or, where it is a service: systemctl start informejo",
        )
    if Path(f"/proc/{patient.server}").stat().st_uid == 0:
        return look("The server runs as root.", "Give it an account of its own: User= in its systemd unit")
    return well("One server has the database open, and it does not run as root.")


def versions(patient: Patient) -> Answer:
    """The packages are those this release was tested with."""
    here = f"Informejo {VERSION}, Python {'.'.join(map(str, sys.version_info[:3]))}, SQLite {sqlite3.sqlite_version}"
    wrong = [f"{name} {_installed(name)}, not {pin}" for name, pin in _pins() if _installed(name) != pin]
    if not wrong:
        return well(f"{here}; all packages are those it was tested with.")
    return look(f"{here}; other packages than it was tested with: {', '.join(wrong)}.",
                ".venv/bin/python -m pip install -r requirements.txt")  # fmt: skip


def settings(patient: Patient) -> Answer:
    """Nothing that is meant for developers is on."""
    on = [name for name in ("DEVELOPMENT",) if patient.settings[name]]
    on += ["LOG_LEVEL=DEBUG"] if patient.settings["LOG_LEVEL"].upper() == "DEBUG" else []
    if on:
        return look(f"This is meant for developers and slows the server down: {', '.join(on)}.",
                    "Take it out of the environment, and start the server anew.")  # fmt: skip
    return well("Nothing that is meant for developers is on.")


def own_process() -> int:
    """For a server that asks about itself."""
    return os.getpid()


def servers_on(database: Path) -> list[int]:
    """The servers that have the database open, by process id; those that this account may not look at are missing."""
    inode = database.stat().st_ino, database.stat().st_dev
    return [int(folder.name) for folder in Path("/proc").glob("[0-9]*") if _serves(folder) and _holds(folder, inode)]


def _serves(process: Path) -> bool:
    try:
        command = (process / "cmdline").read_bytes()
    except OSError:
        return False
    return b"gunicorn" in command or (b"flask" in command and b"\0run" in command)


def _holds(process: Path, inode: tuple[int, int]) -> bool:
    try:
        descriptors = list((process / "fd").iterdir())
    except OSError:
        return False  # it has ended, or is not ours to look at
    return any(_leads_to(descriptor, inode) for descriptor in descriptors)


def _leads_to(descriptor: Path, inode: tuple[int, int]) -> bool:
    try:
        facts = descriptor.stat()
    except OSError:
        return False  # closed meanwhile
    return (facts.st_ino, facts.st_dev) == inode


def _is_synchronised() -> bool | None:
    try:
        state = ctypes.CDLL(None, use_errno=True).adjtimex(ctypes.create_string_buffer(512))  # modes 0: it only asks
    except (OSError, AttributeError):
        return None
    return None if state < 0 else state != UNSYNCHRONISED


def _pins() -> list[tuple[str, str]]:
    return re.findall(r"^([\w.-]+)(?:\[\w+\])?==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE)


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "missing"
