"""Backing up and pruning a desk that is being used, and a backup that is broken off."""

import os
import sqlite3
from contextlib import closing

import pytest

from informejo.backup.manifest import newest
from informejo.tickets.files import place
from tests.posting import Desk, Poster
from tests.waiting import until

pytestmark = pytest.mark.server


@pytest.mark.hardening("X-40")
def test_a_backup_under_load_is_whole_and_keeps_nobody_from_writing(tmp_path, record_property):
    desk = Desk(tmp_path / "a desk")
    desk.populate()
    desk.server.start()
    try:
        posters = [Poster(desk, name) for name in ("mia", "tom", "ana", "ren")]
        until(lambda: all(len(poster.acknowledged) > 4 for poster in posters), 30)
        before = [text for poster in posters for text in poster.acknowledged]
        result = desk.server.flask("backup")
        during = sum(len(poster.acknowledged) for poster in posters) - len(before)
        for poster in posters:
            poster.leave()
    finally:
        desk.server.stop()
    assert result.returncode == 0, result.stderr
    assert during > 0
    assert [poster.refused for poster in posters] == [[], [], [], []]
    assert set(before) <= sound_comments(newest(desk.backups).folder / "informejo.db")
    took = sorted(second for poster in posters for second in poster.seconds)
    record_property("comments posted while the backup was made", during)
    record_property("ms, the slowest post in a hundred", round(1000 * took[int(len(took) * 0.99)]))


def sound_comments(path) -> set[str]:
    """What the comments in a sound database say."""
    with closing(sqlite3.connect(path)) as copy:
        assert copy.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert copy.execute("PRAGMA foreign_key_check").fetchall() == []
        return {text for (text,) in copy.execute("SELECT body FROM comments")}


def test_a_backup_that_is_killed_leaves_nothing_that_passes_for_one_and_the_next_cleans_up(tmp_path):
    desk = Desk(tmp_path / "desk")
    desk.populate()
    big = "ab" * 16
    desk.attach(big, b"")
    os.truncate(place(desk.uploads, big), 300_000_000)  # takes long enough to be caught at it, and no room
    desk.kill_when(lambda: list(desk.backups.glob("*.partial/files/*/*/*")), "backup")
    (half,) = desk.backups.iterdir()
    assert (half.suffix, newest(desk.backups)) == (".partial", None)
    os.truncate(place(desk.uploads, big), 3)
    desk.server.flask("backup").check_returncode()
    assert list(desk.backups.iterdir()) == [newest(desk.backups).folder]


def test_a_desk_is_pruned_while_people_write_and_nobody_is_refused(tmp_path, record_property):
    desk = Desk(tmp_path / "desk")
    desk.populate()
    with closing(sqlite3.connect(desk.database)) as database, database:
        old = "INSERT INTO events (name, at, audience, changes) VALUES ('session:ended', '2020-01-01', 'staff', '{}')"
        database.executemany(old, [()] * 3_000)
    desk.comment("newer than those")
    desk.server.start()
    try:
        posters = [Poster(desk, name) for name in ("mia", "ren")]
        until(lambda: all(poster.acknowledged for poster in posters), 30)
        result = desk.server.flask("prune")
        for poster in posters:
            poster.leave()
    finally:
        desk.server.stop()
    assert "2999 old events of no ticket removed" in result.stdout, result.stderr
    assert [poster.refused for poster in posters] == [[], []]
    record_property("ms, the slowest post while pruning", round(1000 * max(max(poster.seconds) for poster in posters)))
