"""The ledger's mails are files like any other: backed up, restored, missed when they are gone, and brought back."""

import sqlite3
from contextlib import closing

import pytest

from informejo import db
from informejo.backup import manifest, restoring
from informejo.doctor import file_checks
from informejo.doctor.checks import Patient
from informejo.tickets import files, storage
from tests.intake.letters import come, letter

RAW = letter(files=(("log.txt", b"It blinks."),))


@pytest.fixture
def run(app, tmp_path):
    """`run(command, ...)` is a command on the operator's keyboard."""
    app.config["BACKUP_DIR"] = str(tmp_path / "backups")
    return lambda *words: app.test_cli_runner().invoke(args=[str(word) for word in words])


@pytest.fixture
def mail(world):
    mail = come(RAW)
    db.session.refresh(mail)
    return mail


def test_a_backup_and_a_restore_bring_the_mails_along(app, mail, run, tmp_path):
    assert run("backup").exit_code == 0
    backup = manifest.verify(manifest.newest(tmp_path / "backups").folder)
    assert set(backup.files) == {mail.stored_name, mail.ticket.attachments[0].stored_name}
    there, uploads = tmp_path / "there" / "desk.db", tmp_path / "there" / "files"
    uploads.mkdir(parents=True)
    restoring.restore(backup, there, uploads)
    with closing(sqlite3.connect(there)) as database:
        named = storage.named(database)
    assert mail.stored_name in named
    assert storage.compare(uploads, named).absent == []
    assert storage.place(uploads, mail.stored_name).read_bytes() == RAW


def test_a_mail_that_is_gone_from_disk_is_named_and_brought_back(app, mail, run):
    assert run("backup").exit_code == 0
    assert run("files").exit_code == 0
    files.remove(mail.stored_name)
    told = run("files")
    assert told.exit_code == 1
    assert f"/mail/in/{mail.id}  mail of kim@example.net" in told.output
    assert run("files", "--bring-back").exit_code == 0
    assert files.read(mail.stored_name) == RAW


def test_the_doctor_misses_it_too(app, mail):
    patient = Patient(app.config, None, [])
    assert "All 2 files" in file_checks.files(patient).sentence
    files.remove(mail.stored_name)
    assert "1 of 2 files" in file_checks.files(patient).sentence


def test_a_backup_says_what_it_lacks_and_is_sound(mail, run, tmp_path):
    files.remove(mail.stored_name)
    assert "1 of 2 files" in run("backup").stderr
    assert manifest.newest(tmp_path / "backups").manifest["missing"] == [mail.stored_name]


def test_a_database_from_before_there_was_mail_names_what_it_has(mail):
    db.session.remove()
    with closing(sqlite3.connect(db.engine().url.database)) as database:
        database.execute("DROP TABLE incoming_mails")
        assert len(storage.named(database)) == 1
        database.execute("DROP TABLE attachments")
        assert storage.named(database) == {}
