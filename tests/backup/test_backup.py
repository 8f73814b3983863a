"""What an operator has in hand after `bin/flask backup`, and what never passes for a backup."""

import io
import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from informejo.backup.exclusive import exclusive
from informejo.backup.manifest import newest
from informejo.tickets.storage import place

AS_ROOT = pytest.mark.skipif(os.geteuid() != 0, reason="only root can mount a small disk")


@pytest.fixture
def backups(app, tmp_path) -> Path:
    app.config["BACKUP_DIR"] = str(tmp_path / "backups")
    return tmp_path / "backups"


@pytest.fixture
def run(app):
    """`run(command, ...)` is a command on the operator's keyboard."""
    return lambda *words: app.test_cli_runner().invoke(args=[str(word) for word in words])


@pytest.fixture
def desk(world, visit, backups):
    """A ticket with two files, through the form as people send them."""
    files = [(io.BytesIO(b"the whole log"), "log.txt"), (io.BytesIO(b"another"), "more.txt")]
    fields = {"title": "The printer is on fire", "description": "Smoke comes out of it.", "files": files}
    assert visit(world.ren).post("/tickets", data=fields).status_code == 303
    return world


@pytest.fixture
def made(desk, backups, run) -> Path:
    """The folder of a backup."""
    result = run("backup")
    assert result.exit_code == 0, result.output
    return newest(backups).folder


def files_of(folder: Path) -> list[Path]:
    return [path for path in sorted(folder.rglob("*")) if path.is_file()]


def flip(path: Path):
    """One bit, in the middle."""
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def test_the_operator_is_told_in_one_line_what_was_kept_and_where(desk, backups, run):
    result = run("backup")
    (folder,) = backups.iterdir()
    (line,) = result.output.splitlines()
    assert line.startswith(f"Backed up and verified: {folder}: 1 tickets, 0 comments, 2 files, ")
    found = newest(backups)
    assert (found.name, found.manifest["counts"]["attachments"]) == (folder.name, 2)
    assert run("backup", "--verify", folder).output.startswith(f"Sound: {folder}: 1 tickets")


def test_nobody_but_its_owner_can_read_a_backup(made):
    assert {path.stat().st_mode & 0o777 for path in made.rglob("*") if path.is_dir()} | {
        made.stat().st_mode & 0o777
    } == {0o700}
    assert {path.stat().st_mode & 0o777 for path in files_of(made)} == {0o600}


def test_the_next_backup_takes_no_room_for_files_the_last_one_has(made, backups, run):
    first = files_of(made / "files")
    assert run("backup").exit_code == 0
    second = files_of(newest(backups).folder / "files")
    assert [path.stat().st_ino for path in first] == [path.stat().st_ino for path in second]
    shutil.rmtree(made)
    assert run("backup", "--verify", newest(backups).folder).exit_code == 0


def test_damage_in_the_last_backup_is_not_carried_into_the_next(made, backups, run):
    flip(files_of(made / "files")[0])
    assert run("backup").exit_code == 0
    assert newest(backups).folder != made
    assert run("backup", "--verify", newest(backups).folder).exit_code == 0
    assert run("backup", "--verify", made).exit_code == 1


def test_only_the_newest_are_kept_and_what_is_not_ours_is_left_alone(app, made, backups, run):
    app.config["BACKUPS_KEPT"] = 2
    (backups / "notes").mkdir()
    for _ in range(2):
        assert run("backup").exit_code == 0
    left = sorted(path.name for path in backups.iterdir())
    assert (len(left), "notes" in left, made.name in left) == (3, True, False)


def test_another_folder_can_be_named(desk, backups, run, tmp_path):
    assert run("backup", "--to", tmp_path / "a stick").exit_code == 0
    assert newest(tmp_path / "a stick")
    assert not backups.exists()


def rewrite(folder: Path, **changed):
    manifest = json.loads((folder / "manifest.json").read_text())
    (folder / "manifest.json").write_text(json.dumps(manifest | changed))


DAMAGES = {
    "one bit of the database": (lambda folder: flip(folder / "informejo.db"), "informejo.db has changed"),
    "one bit of a file": (lambda folder: flip(files_of(folder / "files")[0]), " has changed since"),
    "a file is gone": (lambda folder: files_of(folder / "files")[0].unlink(), " is missing"),
    "the database is gone": (lambda folder: (folder / "informejo.db").unlink(), "informejo.db is missing"),
    "half a manifest": (lambda folder: os.truncate(folder / "manifest.json", 200), "manifest.json cannot be read"),
    "an empty manifest": (lambda folder: (folder / "manifest.json").write_text("{}"), "manifest.json cannot be read"),
    "no manifest": (lambda folder: (folder / "manifest.json").unlink(), "is no finished backup"),
    "another's manifest": (lambda folder: rewrite(folder, last_event=None), "manifest.json does not describe"),
    "files left out": (lambda folder: rewrite(folder, files={}), "lacks 2 files its database names"),
    "a way out": (lambda folder: rewrite(folder, files={"../../etc/passwd": {}}), "is no name of a file"),
}


@pytest.mark.parametrize(("damage", "named"), DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_backup_is_refused_by_name(made, run, damage, named):
    damage(made)
    result = run("backup", "--verify", made)
    assert (result.exit_code, named in result.output) == (1, True), result.output


@pytest.fixture
def uploads(app) -> Path:
    return Path(app.config["UPLOAD_DIR"])


def test_a_file_that_is_lost_is_counted_and_does_not_keep_the_rest_from_being_backed_up(desk, backups, uploads, run):
    (lost, _) = files_of(uploads)
    lost.unlink()
    result = run("backup")
    assert result.exit_code == 0
    assert f"1 of 2 files is not in {uploads} any more, or not whole." in result.output
    assert "1 file is lost, no backup has more" in result.output
    assert "from those before" not in result.output
    assert newest(backups).manifest["missing"] == [lost.name]
    assert run("backup", "--verify", newest(backups).folder).exit_code == 0


def test_a_backup_does_not_call_files_there_that_it_has_from_the_one_before(made, backups, uploads, run):
    (lost, _) = files_of(uploads)
    lost.unlink()
    result = run("backup")
    assert result.exit_code == 0
    assert f"1 of 2 files is not in {uploads} any more, or not whole." in result.output
    assert "This backup has 1 of them from those before" in result.output
    assert " lost" not in result.output
    assert place(newest(backups).folder / "files", lost.name).is_file()


def test_a_desk_that_has_all_its_files_is_told_nothing_of_lost_ones(made, run):
    assert len(run("backup").output.splitlines()) == 1


def test_half_a_file_is_not_whole_and_the_backup_has_all_of_it(made, backups, uploads, run):
    (half, _) = files_of(uploads)
    whole = half.read_bytes()
    half.write_bytes(whole[:3])
    assert "This backup has 1 of them" in run("backup").output
    assert place(newest(backups).folder / "files", half.name).read_bytes() == whole


def test_what_is_lost_comes_from_any_older_backup_when_the_last_one_is_damaged(made, backups, uploads, run):
    first, second = files_of(uploads)
    assert run("backup").exit_code == 0
    last = newest(backups).folder
    assert last != made
    copy = place(last / "files", second.name)
    rotten = bytearray(copy.read_bytes())
    rotten[0] ^= 1
    copy.unlink()  # a link: the older one stays sound
    copy.write_bytes(rotten)
    place(last / "files", first.name).unlink()
    first.unlink()
    second.unlink()
    result = run("backup")
    assert "This backup has 2 of them from those before" in result.output
    assert newest(backups).manifest["missing"] == []
    assert run("backup", "--verify", newest(backups).folder).exit_code == 0


def test_a_backup_to_another_folder_has_what_is_lost_from_the_usual_one(made, uploads, run, tmp_path):
    (lost, _) = files_of(uploads)
    lost.unlink()
    assert "This backup has 1 of them" in run("backup", "--to", tmp_path / "a stick").output
    assert len(newest(tmp_path / "a stick").files) == 2


@pytest.mark.parametrize("way", ["emptied", "gone"])
def test_a_disk_that_is_not_mounted_is_said_in_a_sentence_and_the_backup_has_everything(
    made, backups, uploads, run, way
):
    shutil.rmtree(uploads)
    if way == "emptied":
        uploads.mkdir()
    result = run("backup")
    assert result.exit_code == 0
    assert "its disk is not mounted" in result.output
    assert "This backup has 2 of 2 files, from those before." in result.output
    assert " lost" not in result.output
    assert len(newest(backups).files) == 2


def test_lost_files_are_named_with_their_ticket_and_brought_back_from_the_backups(made, backups, uploads, run):
    first, _ = files_of(uploads)
    content = first.read_bytes()
    first.unlink()
    result = run("files")
    assert (result.exit_code, "#1  " in result.output, made.name in result.output) == (1, True, True)
    result = run("files", "--bring-back")
    assert (result.exit_code, "1 file brought back" in result.output) == (0, True)
    assert first.read_bytes() == content
    assert first.stat().st_mode & 0o777 == 0o600
    assert run("files").output == "Nothing is missing: the desk has 2 files.\n"


def test_a_copy_that_is_rotten_is_not_brought_back(made, uploads, run):
    (lost, _) = files_of(uploads)
    lost.unlink()
    flip(place(made / "files", lost.name))
    result = run("files", "--bring-back")
    assert (result.exit_code, "0 files brought back" in result.output) == (1, True)
    assert not lost.exists()


def test_files_that_nobody_has_can_be_given_up_and_are_talked_of_no_more(desk, backups, uploads, run):
    (lost, _) = files_of(uploads)
    lost.unlink()
    assert "in no backup" in run("files").output
    assert "1 file given up" in run("files", "--give-up").output
    assert (run("files").exit_code, len(run("backup").output.splitlines())) == (0, 1)


def test_nothing_is_written_into_an_empty_mount_point_without_asking_nor_called_lost(made, uploads, run):
    shutil.rmtree(uploads)
    uploads.mkdir()
    result = run("files")
    assert (result.exit_code, "the backups have 2 of 2 files" in result.output) == (1, True)
    assert "in no backup" not in result.output
    assert "give-up" not in result.output
    result = run("files", "--bring-back")
    assert (result.exit_code, list(uploads.iterdir())) == (1, [])
    assert "its disk mounted?" in result.output
    assert run("files", "--bring-back", "--yes").exit_code == 0
    assert len(files_of(uploads)) == 2


def test_two_backups_at_once_are_refused_and_one_alone_is_not(app, desk, backups, run):
    with exclusive(Path(app.config["UPLOAD_DIR"])):
        result = run("backup")
    assert (result.exit_code, "is at work in" in result.output, newest(backups)) == (1, True, None)
    assert run("backup").exit_code == 0


def test_backups_among_the_attached_files_are_refused(app, desk, run):
    inside = Path(app.config["UPLOAD_DIR"]) / "backups"
    result = run("backup", "--to", inside)
    assert (result.exit_code, "must not lie within each other" in result.output) == (1, True)
    assert not inside.exists()


def test_a_folder_that_cannot_be_written_is_said_in_a_sentence(desk, run, tmp_path):
    (tmp_path / "occupied").write_text("a file")
    result = run("backup", "--to", tmp_path / "occupied")
    assert (result.exit_code, result.output.startswith("Error: No backup was made. ")) == (1, True)


@AS_ROOT
@pytest.mark.parametrize("size", ["64k", "152k"])
def test_a_full_disk_is_said_in_a_sentence_and_nothing_half_is_left(desk, run, tmp_path, size):
    small = tmp_path / "small"
    small.mkdir()
    if subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={size}", "tmpfs", small], check=False).returncode:
        pytest.skip("this machine lets nobody mount")
    try:
        result = run("backup", "--to", small)
        assert (result.exit_code, list(small.iterdir())) == (1, [])
        assert "Error: No backup was made. " in result.output
    finally:
        subprocess.run(["umount", small], check=True)


def test_whoever_uses_postgresql_is_told_what_to_use_instead(app, run):
    app.config["DATABASE_URL"] = "postgresql+psycopg://desk@localhost/desk"
    for words in (("backup",), ("restore", "anything")):
        result = run(*words)
        assert (result.exit_code, "pg_dump" in result.output) == (1, True)
