"""What programs that watch are told: alive, ready or not, in words that give nothing away."""

import os
import sqlite3
import time

import pytest
from flask_migrate import stamp
from sqlalchemy import text

from informejo import db
from informejo.config import ROOT
from informejo.db import commit
from informejo.live.hub import hub
from informejo.ops import views
from informejo.tickets.files import path_of
from informejo.tickets.models import Attachment
from informejo.turns import BUSY_SECONDS
from informejo.version import VERSION
from tests.system_account import NOBODY, account

HOSTS = ("localhost", "127.0.0.1:3003", "[::1]", "help.example.org", "nginx")


@pytest.fixture
def migrated(app):
    """The app, whose database says that it has the tables of this release."""
    stamp(directory=str(ROOT / "migrations"))
    return app


@pytest.fixture
def ask(migrated, visit):
    """`ask()` is what /readyz says now: status, and what it says by check."""

    def ask() -> tuple[int, dict[str, str]]:
        migrated.extensions.pop("readiness", None)
        answer = visit().get("/readyz")
        return answer.status_code, dict(line.split(": ", 1) for line in answer.text.splitlines())

    return ask


def test_whoever_asks_whether_it_lives_is_answered_even_without_a_database(app, world, visit):
    browser = visit(world.ren)
    db.session.rollback()
    db.alchemy.drop_all()
    answer = browser.get("/healthz")
    assert (answer.status_code, answer.text) == (200, "ok\n")
    assert browser.get("/profile").status_code >= 500


@pytest.mark.parametrize("host", HOSTS)
def test_health_is_told_whatever_name_is_asked_for(ask, visit, host):
    ask()
    for path in ("/healthz", "/readyz"):
        answer = visit().get(path, headers={"Host": host})
        assert answer.status_code == 200
        assert "Set-Cookie" not in answer.headers


def test_a_server_that_is_well_is_ready(ask):
    assert ask() == (200, {"database": "ok", "files": "ok", "disk": "ok", "server": "ok"})


def test_a_server_whose_disk_for_files_is_not_mounted_is_not_ready(ask, world):
    row = Attachment(token="t0ken", name="a.txt", media_type="text/plain", size=5, stored_name="ab" * 16)
    row.ticket, row.uploader = world.ticket(), world.ren
    db.session.add(row)
    commit()
    assert ask()[1]["files"] == "the folder is empty, though there are files"
    path_of(row).parent.mkdir(parents=True)
    assert ask()[0] == 200


def test_a_database_of_another_release_is_not_ready(ask):
    db.session.execute(text("UPDATE alembic_version SET version_num = '0000'"))
    commit()
    status, checks = ask()
    assert (status, checks["database"]) == (503, "its tables are not those of this release")


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can be another account")
def test_a_database_that_may_only_be_read_is_not_ready(migrated, ask):
    assert ask()[1]["database"] == "ok"
    with account(NOBODY):
        status, checks = ask()
    assert (status, checks["database"]) == (503, "cannot be written to")


def test_a_database_that_another_process_keeps_to_itself_is_said_at_once(migrated, ask):
    assert ask()[0] == 200
    db.session.remove()
    db.engine().dispose()
    other = sqlite3.connect(db.engine().url.database, isolation_level=None)
    other.execute("PRAGMA locking_mode=EXCLUSIVE")
    other.execute("BEGIN EXCLUSIVE")
    began = time.monotonic()
    status, checks = ask()
    other.close()
    assert (status, checks["database"]) == (503, "cannot be read")
    assert time.monotonic() - began < BUSY_SECONDS / 2
    assert ask()[0] == 200


def test_files_that_cannot_be_written_are_said(migrated, ask, tmp_path):
    migrated.config["UPLOAD_DIR"] = str(tmp_path / "gone")
    status, checks = ask()
    assert (status, checks["files"]) == (503, "the folder cannot be written to")


def test_a_full_disk_is_said(ask, monkeypatch):
    monkeypatch.setattr(views, "LEAST_BYTES", 2**80)
    status, checks = ask()
    assert (status, checks["disk"]) == (503, "is nearly full")


def test_a_server_that_stops_gets_no_new_requests_and_is_not_killed_for_it(ask, visit, monkeypatch):
    monkeypatch.setattr(hub, "closing", True)
    status, checks = ask()
    assert (status, checks["server"]) == (503, "is stopping")
    assert visit().get("/healthz").status_code == 200


def test_programs_get_the_same_as_json(ask, visit):
    ask()
    answer = visit().get("/readyz", headers={"Accept": "application/json"})
    assert answer.json == {"ready": True, "checks": dict.fromkeys(("database", "files", "disk", "server"), "ok")}


@pytest.mark.hardening("H-49")
def test_a_server_that_is_ill_names_no_place_no_version_and_nobody(migrated, visit, tmp_path):
    migrated.config["UPLOAD_DIR"] = str(tmp_path / "gone")
    db.session.execute(text("DROP TABLE alembic_version"))
    commit()
    answer = visit().get("/readyz")
    assert answer.status_code == 503
    assert not [word for word in (str(tmp_path), "sqlite", VERSION, "alembic", "0001") if word in answer.text]


def test_asking_often_looks_once(migrated, visit, monkeypatch):
    looks = []
    monkeypatch.setattr(views, "_database", lambda: looks.append(1) or "")
    monkeypatch.setattr(views, "KEPT_SECONDS", 3600)
    for _ in range(20):
        visit().get("/readyz")
    assert len(looks) == 1


def test_watching_fills_no_log_and_a_change_is_a_line(ask, visit, monkeypatch, caplog):
    caplog.set_level("INFO")
    ask()
    for path in ("/healthz", "/readyz", "/metrics"):
        visit().get(path)
    assert not caplog.records
    monkeypatch.setattr(hub, "closing", True)
    visit().get("/readyz")
    visit().get("/readyz")
    assert [record.getMessage() for record in caplog.records] == ["not ready: server is stopping"]
    visit().get("/sign-in")
    assert "GET /sign-in 200" in caplog.text
