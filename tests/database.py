"""An empty database, and one with the cast in it: made once in each process, and copied for whoever needs one."""

import secrets
import shutil
import sqlite3
from contextlib import closing
from functools import cache
from pathlib import Path
from tempfile import TemporaryDirectory

from blinker import ANY
from flask_migrate import upgrade

from informejo import create_app, db, signals
from informejo.live.broadcast import Broadcast
from tests import world as cast
from tests.architecture import ROOT

_folder = TemporaryDirectory(prefix="informejo-tests-")  # goes with the process


def copy_to(path: Path, with_people: bool = False):
    """What `flask db upgrade` makes, at `path`, but for the word of its log; with the cast in it if it is asked for."""
    shutil.copyfile(_peopled() if with_people else _made(), path)


def upgraded(path: Path):
    """The same with a word of its own, as an installation has it."""
    copy_to(path)
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("INSERT INTO log_epoch VALUES (?)", (secrets.token_hex(16),))
        connection.execute("UPDATE mail_key SET word = ?", (secrets.token_hex(32),))


@cache
def _made() -> Path:
    path = Path(_folder.name) / "empty.db"
    app = create_app({"DATABASE_URL": f"sqlite:///{path}", "UPLOAD_DIR": f"{_folder.name}/files"})
    leave_signals()
    with app.app_context():
        upgrade(str(ROOT / "migrations"))
        db.engine().dispose()
    with closing(sqlite3.connect(path)) as connection, connection:
        connection.execute("DELETE FROM log_epoch")
        connection.execute("UPDATE mail_key SET word = 'test'")
    return path


@cache
def _peopled() -> Path:
    path = Path(_folder.name) / "people.db"
    copy_to(path)
    app = create_app({"DATABASE_URL": f"sqlite:///{path}", "UPLOAD_DIR": f"{_folder.name}/files"})
    leave_signals()
    with app.app_context():
        cast.populate()
        db.engine().dispose()
    return path


class Beginning:
    """The database of a test as it is now: it comes back to that as often as the test begins anew."""

    def __init__(self, database: Path):
        self._database, self._kept = database, database.with_name("beginning.db")
        _let_go()
        shutil.copyfile(self._database, self._kept)

    def come_back(self):
        """Nothing has happened since; whatever was read from it before is of another time."""
        _let_go()
        for ending in ("-wal", "-shm"):
            Path(f"{self._database}{ending}").unlink(missing_ok=True)
        shutil.copyfile(self._kept, self._database)


def _let_go():
    db.session.remove()
    db.engine().dispose()


def leave_signals():
    """No app there was hears the bells any more: what it would draw is another desk's, or its test is over."""
    for bell in (signals.recorded, signals.noticed):
        for hears in list(bell.receivers_for(ANY)):
            if isinstance(getattr(hears, "__self__", None), Broadcast):
                bell.disconnect(hears)
