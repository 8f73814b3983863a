"""The database that tests begin with is the one that an installation makes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.server import Server


def content(path: Path) -> list[str]:
    """Every table, index and row, but for the word of the log, which is another each time."""
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if not line.startswith('INSERT INTO "log_epoch"')]


def word(path: Path) -> str:
    with closing(sqlite3.connect(path)) as connection:
        [(word,)] = connection.execute("SELECT word FROM log_epoch")
        return word


def test_a_copied_database_is_what_the_command_of_an_installation_makes(tmp_path):
    (tmp_path / "installed").mkdir()
    installed, copied = Server(tmp_path / "installed"), Server(tmp_path)
    installed.flask("db", "upgrade").check_returncode()
    copied.upgrade()
    ours, theirs = tmp_path / "desk.db", tmp_path / "installed" / "desk.db"
    assert content(ours) == content(theirs)
    assert word(ours) != word(theirs)
    assert len(word(ours)) == len(word(theirs))
