"""What a desk is after `bin/flask restore`: the one of the backup, or the one it was."""

import json
import os
import shutil
import sqlite3
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from informejo import clock
from informejo.backup import restoring
from informejo.backup.copying import checksum
from informejo.backup.manifest import newest, read
from informejo.tickets.files import place
from tests.posting import Desk, get

FILE, SAID = "cd" * 16, b"what the printer said"
LATER = "written after the backup"
NOBODY = 65534

pytestmark = [pytest.mark.server, pytest.mark.hardening("X-40")]


@pytest.fixture(scope="module")
def saved(tmp_path_factory) -> Path:
    """A backup of a desk whose ticket has a file and one comment."""
    desk = Desk(tmp_path_factory.mktemp("saved") / "first")
    desk.populate()
    desk.attach(FILE, SAID)
    desk.comment("written before")
    return desk.backup()


@pytest.fixture
def copied(saved, tmp_path) -> Path:
    """The same, to be damaged."""
    return shutil.copytree(saved, tmp_path / saved.name)


@pytest.fixture(scope="module")
def pattern(tmp_path_factory) -> Desk:
    """Another desk, on which something was written that no backup has."""
    desk = Desk(tmp_path_factory.mktemp("pattern") / "second")
    desk.populate()
    desk.comment(LATER)
    return desk


@pytest.fixture
def desk(pattern, tmp_path) -> Desk:
    return pattern.copy(tmp_path / "second desk")


def rewrite(folder: Path, statement: str, **manifest):
    """A backup of a database in which something else stands."""
    with closing(sqlite3.connect(folder / "informejo.db")) as database, database:
        database.execute(statement)
    known = json.loads((folder / "manifest.json").read_text())
    known |= manifest | {"database": checksum(folder / "informejo.db")}
    (folder / "manifest.json").write_text(json.dumps(known))


def rewrite_schema(folder: Path, schema: str):
    """What a backup of another version would be."""
    rewrite(folder, f"UPDATE alembic_version SET version_num = '{schema}'", schema=schema)


def test_no_way_in_from_before_opens_anything(copied, tmp_path):
    elsewhere = Desk(tmp_path / "elsewhere")
    link = "INSERT INTO password_tokens (token_hash, user_id, made_by_id, expires_at) VALUES ('h', 1, 3, '2099-01-01')"
    address = "INSERT INTO address_tokens (token_hash, user_id, email, expires_at) VALUES ('h', 1, 'x@y', '2099-01-01')"
    half = "INSERT INTO half_sign_ins (token_hash, way, facts, expires_at) VALUES ('h', 's', '{}', '2099-01-01')"
    for row in (link, address, half):
        rewrite(copied, row)
    result = elsewhere.server.flask("restore", str(copied), "--yes")
    assert result.returncode == 0, result.stderr
    with closing(sqlite3.connect(elsewhere.database)) as database:
        for table in ("password_tokens", "setup_tokens", "sessions", "address_tokens", "half_sign_ins"):
            assert database.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_a_backup_becomes_a_desk_on_another_machine(saved, tmp_path):
    elsewhere = Desk(tmp_path / "elsewhere")
    result = elsewhere.server.flask("restore", str(saved), "--yes")
    assert result.returncode == 0, result.stderr
    elsewhere.server.start()
    try:
        cookie = elsewhere.sign_in("ren")
        status, page = get(elsewhere, "/tickets/1", cookie)
        assert (status, b"written before" in page, b"printer.txt" in page) == (200, True, True)
        assert get(elsewhere, "/files/t0ken/printer.txt", cookie) == (200, SAID)
    finally:
        elsewhere.server.stop()


def test_a_running_desk_is_not_replaced_and_a_stopped_one_is_put_aside(saved, desk):
    desk.server.start()
    try:
        get(desk, "/sign-in", "")
        refused = desk.server.flask("restore", str(saved), "--yes")
    finally:
        desk.server.stop()
    assert (refused.returncode, "is in use. Stop the server first" in refused.stderr) == (1, True)
    assert desk.says(LATER)

    result = desk.server.flask("restore", str(saved), "--yes")
    assert result.returncode == 0, result.stderr
    assert (desk.says(LATER), desk.says("written before")) == (False, True)
    (aside,) = desk.database.parent.glob("desk.db.before-restore-*")
    assert str(aside) in result.stdout
    with closing(sqlite3.connect(aside)) as database:
        assert database.execute("SELECT count(*) FROM comments WHERE body = ?", (LATER,)).fetchone() == (1,)


def test_a_browser_from_before_the_restore_has_to_sign_in_and_loads_its_page_again(saved, desk):
    old, stale = desk.cookies["mia"], desk.bookmark()
    desk.server.flask("restore", str(saved), "--yes").check_returncode()
    desk.server.start()
    try:
        assert get(desk, "/live?on=queue", old)[0] != 200
        cookie = desk.sign_in("mia")
        assert b"event: reset" in get(desk, "/live?on=queue", cookie, Last_Event_ID=stale)[1]
        status, greeting = get(desk, "/live?on=queue", cookie, Last_Event_ID=desk.bookmark())
        assert (status, b"event: ready" in greeting, b"event: reset" in greeting) == (200, True, False)
    finally:
        desk.server.stop()


def test_two_restores_in_one_second_each_put_aside_what_was_there(saved, desk):
    for _ in range(2):
        with clock.at(datetime(2026, 11, 29, 12, tzinfo=UTC)):
            restoring.restore(read(saved), desk.database, desk.uploads)
    ends = [".before-restore-2026-11-29T120000Z", ".before-restore-2026-11-29T120000Z-2"]
    for spot in (desk.database, desk.uploads):
        assert sorted(one.name for one in spot.parent.glob(f"{spot.name}.before-restore-*")) == [
            spot.name + end for end in ends
        ]


def test_files_that_the_backup_does_not_know_are_put_aside_with_the_rest(saved, desk):
    other = "ef" * 16
    desk.attach(other, b"attached after the backup")
    desk.server.flask("restore", str(saved), "--yes").check_returncode()
    (aside,) = desk.uploads.parent.glob("files.before-restore-*")
    assert place(aside, other).read_bytes() == b"attached after the backup"
    assert not place(desk.uploads, other).exists()
    assert place(desk.uploads, FILE).read_bytes() == SAID


def test_a_file_damaged_on_disk_is_whole_again(saved, desk):
    desk.attach(FILE, b"rotten")
    desk.server.flask("restore", str(saved), "--yes").check_returncode()
    assert place(desk.uploads, FILE).read_bytes() == SAID


def test_a_database_that_is_no_database_any_more_is_replaced_too(saved, desk):
    desk.database.write_bytes(b"rubbish " * 1000)
    desk.server.flask("restore", str(saved), "--yes").check_returncode()
    assert desk.says("written before")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_what_root_brings_back_is_the_services_and_a_link_left_there_gives_nothing_else_away(saved, desk, tmp_path):
    roots = tmp_path / "root's own"
    roots.write_text("root alone may change this")
    (desk.uploads / "link").symlink_to(roots)
    os.chown(desk.uploads, NOBODY, NOBODY)
    desk.server.flask("restore", str(saved), "--yes").check_returncode()
    assert [path.stat().st_uid for path in (place(desk.uploads, FILE), desk.database)] == [NOBODY, NOBODY]
    assert roots.stat().st_uid == 0


def test_what_was_brought_back_and_what_was_put_aside_outlive_a_power_cut(saved, desk, monkeypatch):
    desk.attach("ef" * 16, b"attached after the backup")
    synced, sync = [], os.fsync
    monkeypatch.setattr(
        os, "fsync", lambda file: synced.append(str(Path(f"/proc/self/fd/{file}").readlink())) or sync(file)
    )
    restored = restoring.restore(read(saved), desk.database, desk.uploads)
    back, aside = place(desk.uploads, FILE), place(restored.files, "ef" * 16)
    folders = [*back.parents[:3], *aside.parents[:3]]
    assert not {str(folder.resolve()) for folder in folders} - set(synced)


def test_a_damaged_backup_leaves_the_desk_as_it_is(copied, desk):
    place(copied / "files", FILE).write_bytes(b"rotten")
    result = desk.server.flask("restore", str(copied), "--yes")
    assert (result.returncode, f"{FILE} has changed since" in result.stderr) == (1, True)
    assert desk.says(LATER)


def test_a_backup_of_a_newer_version_is_refused(copied, desk):
    rewrite_schema(copied, "9999")
    result = desk.server.flask("restore", str(copied), "--yes")
    assert (result.returncode, "was made by a newer Informejo" in result.stderr) == (1, True)
    assert desk.says(LATER)


def test_after_a_backup_of_an_older_version_the_operator_is_told_to_upgrade(tmp_path, desk):
    older = Desk(tmp_path / "older")
    older.server.flask("db", "upgrade", "0003").check_returncode()
    older.server.flask("backup").check_returncode()
    result = desk.server.flask("restore", str(newest(older.backups).folder), "--yes")
    assert "bin/flask db upgrade" in result.stdout
    assert desk.server.flask("db", "upgrade").returncode == 0
    again = desk.server.flask("restore", str(desk.backup()), "--yes")
    assert (again.returncode, "db upgrade" in again.stdout) == (0, False)


def test_nothing_happens_until_the_operator_says_yes(saved, desk):
    result = desk.server.flask("restore", str(saved))
    assert "if it is the place of another disk, mount that first" in result.stderr
    assert (result.returncode, "Put this in place of the desk as it is now?" in result.stdout) == (1, True)
    assert desk.says(LATER)


def test_a_restore_that_is_killed_leaves_the_old_desk_and_can_be_run_again(tmp_path, desk):
    other, big = desk.copy(tmp_path / "other"), "ab" * 16
    other.attach(big, b"")
    os.truncate(place(other.uploads, big), 300_000_000)  # takes long enough to be caught at it
    folder, own = other.backup(), "ef" * 16
    desk.comment("only here")
    desk.attach(own, b"its own file")
    desk.kill_when(lambda: list(desk.uploads.glob("*/*/*.restoring")), "restore", str(folder), "--yes")
    assert (desk.says("only here"), place(desk.uploads, own).read_bytes()) == (True, b"its own file")
    desk.server.flask("restore", str(folder), "--yes").check_returncode()
    assert not desk.says("only here")
    assert [path.name for path in desk.uploads.glob("*/*/*")] == [big]
    assert not list(desk.database.parent.glob("*.restoring"))
