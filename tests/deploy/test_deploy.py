"""deploy.sh: a new version comes into service, a bad one goes again, and nobody's word is lost on the way."""

import fcntl
import re
import sqlite3
from contextlib import closing

import pytest

from tests.deploy.machine import Crowd, Machine

pytestmark = pytest.mark.server
MIGRATION = '''"""One more."""

from alembic import op
import sqlalchemy as sa

revision = "9000"
down_revision = "{head}"


def upgrade():
    op.create_table("one_more", sa.Column("id", sa.Integer, primary_key=True))
{more}

def downgrade():
    op.drop_table("one_more")
'''
STOPS_THE_WORKER = "\n\ndef post_worker_init(worker):\n    raise RuntimeError('no')\n"


def said(machine: Machine) -> set[str]:
    with closing(sqlite3.connect(machine.desk.database)) as database:
        return {text for (text,) in database.execute("SELECT body FROM comments")}


def tables(machine: Machine) -> tuple[str, bool]:
    """The schema, and whether it has the table of the new version."""
    with closing(sqlite3.connect(machine.desk.database)) as database:
        [version] = database.execute("SELECT version_num FROM alembic_version").fetchone()
        return version, bool(database.execute("SELECT 1 FROM sqlite_master WHERE name = 'one_more'").fetchone())


def backups_of(machine: Machine) -> list:
    return list(machine.desk.backups.iterdir())


def new_tables(machine: Machine, more: str = ""):
    machine.write("migrations/versions/9000_one_more.py", MIGRATION.format(head=tables(machine)[0], more=more))


def test_the_first_time_it_prints_the_link_that_makes_the_first_administrator(machine):
    result = machine.deploy()
    assert result.returncode == 0, result.stdout + result.stderr
    assert machine.serving
    assert f"{machine.desk.server.address}/setup/" in result.stdout


@pytest.mark.hardening("X-38", "X-39")
def test_a_new_version_comes_and_goes_while_people_write_and_every_word_of_theirs_stays(deployed):
    first, before, backups = deployed.serving, tables(deployed), len(backups_of(deployed))
    new_tables(deployed)
    second = deployed.commit("new tables")
    with Crowd(deployed.desk) as crowd:
        forward = deployed.deploy()
        assert forward.returncode == 0, forward.stdout + forward.stderr
        assert second.startswith(deployed.serving)
        assert tables(deployed) == ("9000", True)
        back = deployed.deploy(first)
    assert back.returncode == 0, back.stdout + back.stderr
    assert deployed.serving == first
    assert tables(deployed) == before
    assert crowd.broken == []
    assert set(crowd.acknowledged) <= said(deployed)
    assert len(backups_of(deployed)) == backups + 2


@pytest.mark.hardening("X-38", "X-39")
@pytest.mark.parametrize("flaw", ["cannot change the tables", "changes the tables and cannot start"])
def test_a_version_that_does_not_work_goes_again_by_itself_and_every_word_stays(deployed, flaw):
    good, before = deployed.serving, tables(deployed)
    new_tables(deployed, "    raise RuntimeError('no')\n" if "cannot change" in flaw else "")
    if "start" in flaw:
        deployed.add("gunicorn.conf.py", STOPS_THE_WORKER)
    deployed.commit("a mistake")
    with Crowd(deployed.desk) as crowd:
        result = deployed.deploy()
    assert result.returncode == 1, result.stdout + result.stderr
    assert "is in service again" in result.stdout
    assert deployed.serving == good
    assert tables(deployed) == before
    assert crowd.broken == []
    assert set(crowd.acknowledged) <= said(deployed)


def test_a_version_that_cannot_be_loaded_changes_nothing(deployed):
    good = deployed.serving
    deployed.write("app.py", "raise RuntimeError('no')\n")
    deployed.commit("a mistake")
    result = deployed.deploy()
    assert result.returncode == 1
    assert "The desk is as it was: the new version cannot be loaded" in result.stderr
    assert deployed.serving == good


@pytest.mark.hardening("S-53")
def test_the_sample_settings_are_refused_until_the_address_is_written_into_them(machine):
    machine.env_file.unlink()
    first = machine.deploy()
    assert "write the address of the desk" in first.stderr
    assert re.search(r"^METRICS_TOKEN=[0-9a-f]{32}$", machine.env_file.read_text(), re.MULTILINE)
    second = machine.deploy()
    assert "is not the address of the desk yet" in second.stderr
    assert (first.returncode, second.returncode) == (1, 1)
    assert machine.serving == ""


def test_it_says_beforehand_whether_it_could_be_done_and_changes_nothing(machine):
    checked = machine.deploy("--check")
    assert checked.returncode == 0, checked.stderr
    assert "It could be done" in checked.stdout
    machine.add("app.py", "\n")
    dirty = machine.deploy("--check")
    assert dirty.returncode == 1
    assert "changes that are in no commit" in dirty.stderr
    assert "there is no revision nowhere" in machine.deploy("--check", "nowhere").stderr
    assert not machine.home.exists()


def test_two_at_the_same_time_do_not_get_into_each_others_way(machine):
    machine.home.mkdir()
    with (machine.home / ".deploy.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another deploy.sh is at work" in machine.deploy().stderr
