"""The doctor on this machine: what is ill is found and named with its remedy, and what is well is left in peace."""

import json
import os
import resource
import sqlite3
import subprocess
import sys
import tempfile
from contextlib import closing, contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from flask_migrate import upgrade

from informejo import clock, create_app, db
from informejo.backup import making
from informejo.doctor import actions, examination, file_checks, machine_checks, queries
from informejo.doctor.checks import Check, Patient, broken, well
from informejo.doctor.database_checks import LARGE_LOG, NETWORK, database, schema
from informejo.doctor.disk_checks import backups, disk
from informejo.tickets.files import path_of
from informejo.tickets.models import Attachment
from tests import architecture
from tests.system_account import NOBODY, account

HERE = "http://127.0.0.1:9"  # where nothing listens


@pytest.fixture
def patient(app, tmp_path):
    """`patient(NAME=value)` is this desk with other settings; its folders are its own."""
    before = os.umask(0o077)
    tmp_path.chmod(0o700)
    app.config |= {"BACKUP_DIR": str(tmp_path / "backups"), "PUBLIC_URL": HERE, "PORT": 9}
    yield lambda server=None, **settings: Patient(dict(app.config) | settings, server, [])
    os.umask(before)


@pytest.fixture
def run(app, patient):
    return lambda *words: app.test_cli_runner().invoke(args=("doctor", *words))


@contextmanager
def elsewhere():
    """A folder on another disk than the tests'."""
    with tempfile.TemporaryDirectory(dir="/dev/shm") as folder:
        yield Path(folder)


@pytest.fixture
def started():
    """`started("gunicorn", file)`: a process of that name that has the file open; returns its id."""
    processes = []

    def started(name: str, file: Path) -> int:
        program = "import sys; file = open(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
        command = [sys.executable, "-c", program, str(file), name]
        processes.append(subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE))
        processes[-1].stdout.readline()
        return processes[-1].pid

    yield started
    for process in processes:
        process.communicate()


def test_a_sound_database_is_left_in_peace(patient):
    answer = database(patient())
    assert answer.state == "well", answer
    assert answer.remedy == ""


def test_a_database_that_is_not_there_is_missed(patient, tmp_path):
    answer = database(patient(DATABASE_URL=f"sqlite:///{tmp_path}/gone.db"))
    assert (answer.state, answer.remedy) == ("broken", "bin/flask db upgrade  # for a new desk")
    assert not (tmp_path / "gone.db").exists()


def test_the_examination_puts_no_empty_database_in_the_place_of_a_missing_one(run, tmp_path):
    db.session.remove()
    db.engine().dispose()
    (tmp_path / "test.db").unlink()
    result = run()
    assert result.exit_code == 1
    assert "It is not there." in result.output
    assert not (tmp_path / "test.db").exists()


def test_a_damaged_database_is_found_and_the_backup_named(patient, world):
    path = patient().database
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    content = bytearray(path.read_bytes())
    content[8192:] = os.urandom(len(content) - 8192)
    damaged = path.with_name("damaged.db")
    damaged.write_bytes(content)
    answer = database(patient(DATABASE_URL=f"sqlite:///{damaged}"))
    assert answer.state == "broken"
    assert "restore" in answer.remedy
    assert database(patient()).state == "well"


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may give files away")
def test_a_database_that_a_command_run_as_root_took_away_is_broken(patient):
    with elsewhere() as folder:
        theirs = patient(DATABASE_URL=f"sqlite:///{folder}/informejo.db")
        with closing(sqlite3.connect(theirs.database)) as connection:
            connection.execute("PRAGMA journal_mode=wal")
        os.chown(folder, NOBODY, NOBODY)
        os.chown(theirs.database, NOBODY, NOBODY)
        with account(NOBODY):
            assert database(theirs).state == "well"
        os.chown(theirs.database, 0, 0)
        theirs.database.chmod(0o644)
        with account(NOBODY):
            answer = database(theirs)
    assert answer.state == "broken"
    assert answer.sentence == "It cannot be written to: attempt to write a readonly database."


def test_whoever_does_not_stop_writing_is_looked_for_and_nobody_waits_long(patient):
    path = patient().database
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        answer = database(patient())
        assert (answer.state, "fuser" in answer.remedy) == ("look", True)
        other.execute("ROLLBACK")
    assert database(patient()).state == "well"


def test_a_write_ahead_log_that_never_shrinks_is_noticed(patient, app):
    path = patient().database
    log = path.with_name(f"{path.name}-wal")
    with closing(sqlite3.connect(path)) as reader:  # keeps the log from being taken away
        reader.execute("SELECT 1 FROM users").fetchall()
        with log.open("ab") as file:
            file.truncate(LARGE_LOG + 1)
        assert database(patient()).state == "look"


def test_a_journal_of_another_kind_is_noticed(patient, tmp_path):
    with closing(sqlite3.connect(tmp_path / "old.db")) as connection:
        connection.execute("CREATE TABLE one (id)")
    assert "delete, not wal" in database(patient(DATABASE_URL=f"sqlite:///{tmp_path}/old.db")).sentence


def test_this_machines_own_disk_is_no_network_file_system(patient):
    assert "network" not in database(patient()).sentence
    assert {"nfs", "nfs4", "cifs"} <= NETWORK


@pytest.fixture
def migrated(tmp_path):
    """`migrated("0001")`: the settings of a desk whose tables are at that revision."""

    def migrated(revision: str) -> dict:
        settings = {"DATABASE_URL": f"sqlite:///{tmp_path}/{revision}.db", "UPLOAD_DIR": str(tmp_path / "files")}
        with create_app(settings).app_context():
            upgrade(directory=str(architecture.ROOT / "migrations"), revision=revision)
            db.engine().dispose()
        return settings

    return migrated


def test_tables_of_an_earlier_release_are_found_and_the_command_named(patient, migrated):
    answer = schema(patient(**migrated("0001")))
    assert (answer.state, answer.remedy) == ("broken", "bin/flask db upgrade")
    assert schema(patient(**migrated("head"))).state == "well"


def test_an_empty_database_is_not_taken_for_a_new_desk(patient, tmp_path):
    sqlite3.connect(tmp_path / "empty.db").execute("PRAGMA journal_mode=wal").connection.close()
    answer = schema(patient(DATABASE_URL=f"sqlite:///{tmp_path}/empty.db"))
    assert answer.state == "broken"
    assert "restore a backup" in answer.sentence


def test_tables_that_no_migration_made_are_found(patient):
    assert schema(patient()).state == "well"
    with closing(sqlite3.connect(patient().database)) as connection:
        connection.execute("DROP TABLE alembic_version")
    assert schema(patient()).state == "broken"


def test_folders_of_ones_own_with_room_are_well(patient):
    assert disk(patient()).state == "well"


@pytest.mark.parametrize(("folder", "state"), [("/proc", "broken"), ("/nowhere/at/all", "broken")])
def test_a_folder_that_cannot_be_written_to_is_named_by_its_setting_and_not_by_its_place(patient, folder, state):
    answer = disk(patient(UPLOAD_DIR=folder))
    assert answer.state == state
    assert "UPLOAD_DIR" in answer.sentence
    assert folder not in answer.sentence + answer.remedy


def test_a_folder_that_all_accounts_can_read_is_worth_a_look(patient, tmp_path):
    (tmp_path / "files").chmod(0o755)
    answer = disk(patient())
    assert (answer.state, answer.remedy) == ("look", 'chmod o-rwx "$UPLOAD_DIR"')


@pytest.mark.skipif(os.geteuid() != 0, reason="only root may mount")
def test_a_disk_that_is_nearly_full_is_found(patient, tmp_path):
    small = tmp_path / "small"
    small.mkdir()
    subprocess.run(["mount", "-t", "tmpfs", "-o", "size=1m,mode=700", "none", small], check=True)
    try:
        answer = disk(patient(UPLOAD_DIR=str(small)))
    finally:
        subprocess.run(["umount", small], check=True)
    assert answer.state == "broken"
    assert "UPLOAD_DIR: 1 MB are free" in answer.sentence
    assert "df -h" in answer.remedy


@pytest.fixture
def attached(app, world):
    """Three files of a ticket, on disk; returns their paths."""
    ticket, paths = world.ticket(), []
    for number in range(3):
        row = Attachment(token=str(number), name="a.txt", media_type="text/plain", size=5, stored_name=f"{number:032x}")
        row.ticket, row.uploader = ticket, world.ren
        db.session.add(row)
        db.commit()
        paths.append(path_of(row))
        paths[-1].parent.mkdir(parents=True, exist_ok=True)
        paths[-1].write_bytes(b"hello")
    return paths


def test_a_desk_whose_files_are_all_there_is_left_in_peace(patient, attached):
    answer = file_checks.files(patient())
    assert (answer.state, answer.sentence) == ("well", "All 3 files are in UPLOAD_DIR.")


def test_a_desk_without_files_misses_none(patient, world):
    assert file_checks.files(patient()).state == "well"


def test_files_that_are_lost_are_counted_and_the_command_brings_them_back(app, patient, attached):
    make_backup(patient(), Path(patient().settings["BACKUP_DIR"]))
    attached[0].unlink()
    attached[1].write_bytes(b"he")
    answer = file_checks.files(patient())
    assert answer.state == "broken"
    assert answer.sentence == "2 of 3 files are not in UPLOAD_DIR, or not whole. The backups have all of them."
    command = answer.remedy.removeprefix("bin/flask ").split()
    assert app.test_cli_runner().invoke(args=command).exit_code == 0
    assert file_checks.files(patient()).state == "well"


def test_where_very_many_files_are_lost_the_backups_are_asked_about_the_newest(patient, attached, monkeypatch):
    make_backup(patient(), Path(patient().settings["BACKUP_DIR"]))
    monkeypatch.setattr(file_checks, "MOST", 1)
    for path in attached[:2]:
        path.unlink()
    assert "2 of 3 files are not" in file_checks.files(patient()).sentence
    assert "Of the newest 1 of them backups have 1." in file_checks.files(patient()).sentence


def test_files_that_no_backup_has_are_called_lost_until_they_are_given_up(app, patient, attached):
    attached[0].unlink()
    answer = file_checks.files(patient())
    assert (answer.state, "1 file is lost: no backup in BACKUP_DIR has it." in answer.sentence) == ("broken", True)
    app.test_cli_runner().invoke(args=("files", "--give-up"))
    assert file_checks.files(patient()).state == "well"


@pytest.mark.parametrize("way", ["emptied", "gone"])
def test_a_disk_for_files_that_is_not_mounted_is_one_sentence(app, patient, attached, tmp_path, way):
    (tmp_path / "files").rename(tmp_path / "elsewhere")
    if way == "emptied":
        (tmp_path / "files").mkdir()
        (tmp_path / "files" / "lost+found").mkdir()
    answer = file_checks.files(patient())
    assert (answer.state, "its disk is not mounted" in answer.sentence) == ("broken", True)
    assert "findmnt" in answer.remedy
    assert patient().settings["UPLOAD_DIR"] not in answer.sentence + answer.remedy


def test_a_disk_too_slow_for_all_files_is_looked_at_as_far_as_there_is_time(patient, attached):
    answer = file_checks.files(patient()._replace(patience=-1))
    assert (answer.state, "The newest 0 of 3 files" in answer.sentence) == ("well", True)


def make_backup(patient: Patient, into: Path):
    uploads = Path(patient.settings["UPLOAD_DIR"])
    uploads.mkdir(exist_ok=True)
    return making.make(patient.database, uploads, into, 3)


def test_a_desk_without_a_backup_is_told_how_to_make_one(patient):
    answer = backups(patient())
    assert (answer.state, answer.remedy) == ("broken", "bin/flask backup")
    assert backups(patient(BACKUP_HOURS=0)).state == "well"


def test_an_old_backup_is_too_old_from_the_very_moment_it_became_so(patient, world):
    with elsewhere() as folder:
        made = make_backup(patient(), folder)
        sick = patient(BACKUP_DIR=str(folder), BACKUP_HOURS=26)
        assert backups(sick).state == "well"
        with clock.at(made.at + timedelta(hours=30)):
            answer = backups(sick)
    assert (answer.state, answer.since) == ("broken", made.at + timedelta(hours=26))
    assert "30 hours old" in answer.sentence


def test_a_backup_beside_its_original_is_worth_a_look(patient, world):
    make_backup(patient(), Path(patient().settings["BACKUP_DIR"]))
    assert "same disk" in backups(patient()).sentence


def test_a_clock_that_was_set_back_behind_the_newest_event_is_found(patient, world):
    with clock.at(clock.now() + timedelta(days=2)):
        world.ticket()
    answer = machine_checks.time(patient())
    assert (answer.state, "newest event is later" in answer.sentence) == ("broken", True)
    with clock.at(clock.now() + timedelta(days=3)):
        assert machine_checks.time(patient()).state != "broken"


def test_a_ticket_that_is_opened_during_the_examination_does_not_put_the_clock_in_the_wrong(
    patient, world, monkeypatch
):
    look = machine_checks.event_at
    monkeypatch.setattr(machine_checks, "event_at", lambda *asked: (world.ticket(), look(*asked))[1])
    assert machine_checks.time(patient()).state != "broken"


def test_a_clock_that_shows_a_time_before_the_release_is_found(patient):
    with clock.at(datetime(1970, 1, 2, tzinfo=UTC)):
        assert machine_checks.time(patient()).state == "broken"


def test_too_few_descriptors_for_all_streams_are_found_with_the_number_that_is_needed(patient, started, tmp_path):
    file = tmp_path / "test.db"
    server = started("gunicorn", file)
    resource.prlimit(server, resource.RLIMIT_NOFILE, (1024, 1024))
    answer = machine_checks.open_files(patient(server, STREAMS_TOTAL=10_000))
    assert (answer.state, "LimitNOFILE=12200" in answer.remedy) == ("look", True)
    resource.prlimit(server, resource.RLIMIT_NOFILE, (256, 256))
    assert machine_checks.open_files(patient(server)).state == "broken"
    assert machine_checks.open_files(patient(STREAMS_TOTAL=0, server=os.getpid())).state == "well"


def test_two_servers_on_one_database_are_found(patient, started):
    file = patient().database
    first = started("gunicorn", file)
    assert machine_checks.servers_on(file) == [first]
    assert "servers" not in machine_checks.processes(patient(first)).sentence
    second = started("gunicorn", file)
    answer = machine_checks.processes(patient(first))
    assert answer.state == "broken"
    assert all(str(number) in answer.remedy for number in (first, second))


def test_another_program_that_reads_the_database_is_no_server(patient, started):
    started("sqlite3", patient().database)
    assert machine_checks.processes(patient()).sentence.startswith("No server")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can start one as root")
def test_a_server_that_runs_as_root_is_worth_a_look(patient, started):
    assert "root" in machine_checks.processes(patient(started("gunicorn", patient().database))).sentence


def test_packages_other_than_tested_are_named(patient, tmp_path, monkeypatch):
    assert machine_checks.versions(patient()).state == "well"
    (tmp_path / "requirements.txt").write_text("Flask==0.1  # reason\nnever-heard-of==1.0\n")
    monkeypatch.setattr(machine_checks, "ROOT", tmp_path)
    answer = machine_checks.versions(patient())
    assert answer.state == "look"
    assert "not 0.1" in answer.sentence
    assert "never-heard-of missing, not 1.0" in answer.sentence


@pytest.mark.parametrize(("setting", "value"), [("DEVELOPMENT", True), ("LOG_LEVEL", "debug")])
def test_what_is_for_developers_is_noticed(patient, setting, value):
    assert machine_checks.settings(patient(**{setting: value})).state == "look"
    assert machine_checks.settings(patient()).state == "well"


def test_a_check_that_breaks_is_a_finding_and_the_others_are_heard(app, patient, monkeypatch):
    def breaks(patient):
        raise PermissionError(13, "Permission denied", "/secret/place")

    checks = (Check("first", breaks), Check("second", lambda patient: well("Fine.")))
    monkeypatch.setattr(examination, "CHECKS", checks)
    first, second = examination.examine(None)
    assert first.sentence == "It could not be checked: Permission denied."
    assert (first.state, second.state) == ("look", "well")


def test_since_when_is_remembered_from_one_examination_to_the_next(app, patient, monkeypatch):
    state = [broken("Ill.", "remedy")]
    monkeypatch.setattr(examination, "CHECKS", (Check("one", lambda patient: state[0]),))
    begin = clock.now() - timedelta(days=3)
    with clock.at(begin):
        examination.examine(None)
    with clock.at(begin + timedelta(days=1)):
        assert examination.examine(None)[0].since == begin
    state[0] = well("Fine.")
    with clock.at(begin + timedelta(days=2)):
        assert examination.examine(None)[0].since == begin + timedelta(days=2)
    [kept] = queries.findings()
    assert (kept.state, kept.sentence) == ("well", "Fine.")


def test_findings_are_told_even_when_the_database_is_what_is_broken(tmp_path):
    app = create_app({"DATABASE_URL": f"sqlite:///{tmp_path}/void.db", "UPLOAD_DIR": str(tmp_path / "files")})
    app.config |= {"PUBLIC_URL": HERE, "BACKUP_DIR": str(tmp_path)}
    with app.app_context():
        result = app.test_cli_runner().invoke(args=("doctor", "--json"))
        db.engine().dispose()
    states = {finding["name"]: finding["state"] for finding in json.loads(result.output)}
    assert result.exit_code == 1
    assert states["database"] == "broken"
    assert set(states) == {check.name for check in examination.CHECKS}


def test_the_command_says_it_in_words_with_the_command_to_copy(run, tmp_path):
    result = run()
    assert result.exit_code == 1
    line = next(line for line in result.output.splitlines() if " backup " in line)
    assert line.startswith("broken ")
    assert "There is no backup yet. Since" in line
    assert "> bin/flask backup" in result.output
    assert "\x1b" not in result.output


def test_the_command_ends_with_zero_when_nothing_is_broken(run, monkeypatch):
    monkeypatch.setattr(examination, "CHECKS", (Check("one", lambda patient: well("Fine.")),))
    result = run()
    assert (result.exit_code, result.output.splitlines()[-1]) == (0, "0 broken, 0 need attention, 1 well.")


def test_a_command_can_be_copied_with_the_real_place_in_it(run, tmp_path):
    (tmp_path / "files").chmod(0o755)
    assert f'chmod o-rwx "{tmp_path}/files"' in run().output


@pytest.mark.hardening("H-49")
def test_no_finding_names_a_place_a_secret_or_a_person(app, patient, world, run, tmp_path):
    app.config |= {"METRICS_TOKEN": "very-secret", "UPLOAD_DIR": "/nowhere", "BACKUP_DIR": str(tmp_path)}
    run()
    told = " ".join(f"{finding.sentence} {finding.remedy}" for finding in queries.findings())
    assert "UPLOAD_DIR" in told
    assert not [word for word in (str(tmp_path), "/nowhere", "very-secret", "example.org", HERE) if word in told]


def test_a_token_of_the_probe_opens_it_once(app, visit):
    actions.expect_probe(["a token"])
    db.commit()
    bearer = {"Authorization": "Bearer a token"}
    first = visit().get("/live/probe", headers=bearer)
    assert (first.status_code, first.mimetype) == (200, "text/event-stream")
    assert first.text.count("event: mark\n") == 3
    assert visit().get("/live/probe", headers=bearer).status_code == 404


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize(
    "authorization", [None, "", "Bearer", "Bearer ", "Bearer wrong", "Basic YTpi", "Bearer a token", "Bearer \xff"]
)
def test_for_everybody_else_the_probe_is_not_there(app, visit, authorization):
    with clock.at(clock.now() - timedelta(seconds=61)):
        actions.expect_probe(["a token"])
        db.commit()
    nothing = visit().get("/live/nothing")
    headers = {} if authorization is None else {"Authorization": authorization}
    answer = visit().get("/live/probe", headers=headers)
    assert (answer.status_code, answer.data) == (nothing.status_code, nothing.data) == (404, nothing.data)


def test_a_token_in_the_address_opens_nothing(app, visit):
    actions.expect_probe(["a"])
    db.commit()
    assert visit().get("/live/probe?token=a").status_code == 404


def test_the_probe_counts_as_a_stream_like_any_other(app, visit):
    actions.expect_probe(["a"])
    db.commit()
    app.config["STREAMS_TOTAL"] = 0
    assert visit().get("/live/probe", headers={"Authorization": "Bearer a"}).status_code == 503


def test_tokens_whose_minute_is_over_are_forgotten(app):
    with clock.at(clock.now() - timedelta(minutes=2)):
        actions.expect_probe(["old"])
    actions.expect_probe(["new"])
    assert (queries.probe_is_expected("old"), queries.probe_is_expected("new")) == (False, True)
