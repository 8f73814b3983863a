"""The database that tests begin with is the one that an installation makes."""

import sqlite3
from contextlib import closing
from pathlib import Path

from tests.server import Server

WORDS = ("log_epoch", "mail_key")


def content(path: Path) -> list[str]:
    """Every table, index and row, but for the words of the log and of mail, which are others each time."""
    words = tuple(f'INSERT INTO "{table}"' for table in WORDS)
    with closing(sqlite3.connect(path)) as connection:
        return [line for line in connection.iterdump() if not line.startswith(words)]


def words(path: Path) -> list[str]:
    with closing(sqlite3.connect(path)) as connection:
        return [word for table in WORDS for (word,) in connection.execute(f"SELECT word FROM {table}")]


def test_a_copied_database_is_what_the_command_of_an_installation_makes(tmp_path):
    (tmp_path / "installed").mkdir()
    installed, copied = Server(tmp_path / "installed"), Server(tmp_path)
    installed.flask("db", "upgrade").check_returncode()
    copied.upgrade()
    ours, theirs = tmp_path / "desk.db", tmp_path / "installed" / "desk.db"
    assert content(ours) == content(theirs)
    assert len(words(ours)) == len(words(theirs)) == len(WORDS)
    assert not set(words(ours)) & set(words(theirs))
    assert [*map(len, words(ours))] == [*map(len, words(theirs))]
