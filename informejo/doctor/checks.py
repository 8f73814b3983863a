"""What a check is, and what it answers."""

import sqlite3
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from typing import Literal, NamedTuple

from informejo.doctor.models import State
from informejo.mail.health_queries import Post
from informejo.serving import sqlite_file

EVENT = {
    "first": "SELECT at FROM events ORDER BY id LIMIT 1",
    "newest": "SELECT at FROM events ORDER BY id DESC LIMIT 1",
}


class Answer(NamedTuple):
    """What a check found, in words that name settings (`$UPLOAD_DIR`) and no place, secret or person.

    A mailbox has its name there, and a mail server its words: of several, one wants to know which.

    `remedy` says what to do, with the command; `since` is known where the thing itself tells.
    """

    state: State
    sentence: str
    remedy: str = ""
    since: datetime | None = None


class Patient(NamedTuple):
    """What is examined, as plain values for a thread beside the event loop.

    `server` is the process id of the server, None where none runs here. `tokens` open the probe, one each time.
    `patience` is how many seconds a check may take; `long` lets the stream be held over proxies' time-outs.
    `post` is how mail fares, None where the database does not tell.
    """

    settings: dict
    server: int | None
    tokens: list[str]
    patience: float = 5
    long: bool = False
    post: Post | None = None

    @property
    def database(self) -> Path | None:
        """The file of an SQLite database."""
        return sqlite_file(self.settings["DATABASE_URL"])

    @property
    def places(self) -> dict[str, Path]:
        """Every place that is written to, by the name of its setting; `DATABASE` is the folder of the database."""
        database = {"DATABASE": self.database.parent} if self.database else {}
        return database | {name: Path(self.settings[name]) for name in ("UPLOAD_DIR", "BACKUP_DIR")}


class NotChecked(Exception):
    """A check cannot be made; the message says why and goes on after a colon."""


class Check(NamedTuple):
    """One line of the doctor's table. `waits`: it waits for the network, which the event loop can do by itself."""

    name: str
    ask: Callable[[Patient], Answer]
    waits: bool = False


def well(sentence: str) -> Answer:
    return Answer(State.WELL, sentence)


def look(sentence: str, remedy: str, since: datetime | None = None) -> Answer:
    return Answer(State.LOOK, sentence, remedy, since)


def broken(sentence: str, remedy: str, since: datetime | None = None) -> Answer:
    return Answer(State.BROKEN, sentence, remedy, since)


def event_at(patient: Patient, which: Literal["first", "newest"]) -> datetime | None:
    """When that event of the log was; None where there is none, or no SQLite file to ask."""
    if patient.database is None or not patient.database.exists():
        return None
    address = f"{patient.database.absolute().as_uri()}?mode=ro"
    with closing(sqlite3.connect(address, uri=True)) as connection:
        found = connection.execute(EVENT[which]).fetchone()
    return datetime.fromisoformat(found[0]).replace(tzinfo=UTC) if found else None


def reason(error: BaseException) -> str:
    """Why something failed, without the path, host or value it failed on."""
    if isinstance(error, TimeoutError):
        return "no answer in time"
    if isinstance(error, ConnectionError) and not error.errno:
        return "no answer that makes sense"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return str(error) if isinstance(error, sqlite3.Error | NotChecked) else type(error).__name__
