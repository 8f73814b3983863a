"""One server process per database, with tables it knows; a second is refused in words, a hanging one replaced."""

import os
import signal
import sqlite3
import subprocess
import threading
from contextlib import closing, suppress
from pathlib import Path
from urllib.request import urlopen

import pytest

from informejo import db, serving
from tests.server import ROOT, Server
from tests.waiting import until

pytestmark = pytest.mark.server
HANGS = """
exec(compile(open({conf!r}).read(), {conf!r}, "exec"))
timeout = 2
_begin = post_worker_init

def post_worker_init(worker):
    _begin(worker)
    from gevent.monkey import get_original
    serve = worker.wsgi.wsgi_app

    def hang(environ, start_response):
        if environ["PATH_INFO"] == "/loop":
            while True:
                pass
        if environ["PATH_INFO"] == "/sleep":
            get_original("time", "sleep")(60)
        return serve(environ, start_response)

    worker.wsgi.wsgi_app = hang
"""


@pytest.fixture
def server(tmp_path):
    """From scratch, as an installation starts it."""
    server = Server(tmp_path)
    server.starter = None
    server.upgrade()
    server.start()
    yield server
    server.stop()


def workers(server: Server) -> list[int]:
    master = server._master.pid
    return [int(pid) for pid in Path(f"/proc/{master}/task/{master}/children").read_text().split()]


def refused(**settings) -> subprocess.CompletedProcess:
    """A start that must come to nothing."""
    environ = os.environ | {name: str(value) for name, value in settings.items()}
    return Server.starter.run(["gunicorn", "-c", "gunicorn.conf.py", "app:app"], ROOT, environ)


def answers(server: Server) -> bool:
    with urlopen(server.address, timeout=5) as response:
        return response.status == 200


@pytest.mark.hardening("W-17")
def test_a_second_server_on_the_same_data_is_refused_in_words_and_the_first_notices_nothing(server, tmp_path):
    second = refused(**server.settings | {"PORT": Server(tmp_path).port})
    assert second.returncode == 1
    assert "Another server, process" in second.stderr
    assert "Traceback" not in second.stderr
    assert answers(server)


def test_data_are_free_again_once_their_server_has_stopped(server):
    server.restart()
    assert answers(server)


def test_data_are_free_again_soon_after_their_server_was_killed(server):
    server.kill()
    server.start()
    assert answers(server)


@pytest.mark.hardening("W-17")
def test_neither_an_environment_variable_nor_a_signal_makes_a_second_worker(tmp_path):
    server = Server(tmp_path, WEB_CONCURRENCY=4)
    server.upgrade()
    server.start()
    assert len(workers(server)) == 1
    server._master.send_signal(signal.SIGTTIN)
    until(lambda: "Handling signal: ttin" in server.log.read_text())
    assert len(workers(server)) == 1
    server.stop()


@pytest.mark.hardening("W-17")
def test_more_workers_by_the_command_line_are_refused_in_words(tmp_path):
    result = refused(**Server(tmp_path).settings, GUNICORN_CMD_ARGS="--workers 2")
    assert result.returncode == 1
    assert "Informejo is one process" in result.stderr


def test_a_database_that_is_no_file_is_not_taken():
    assert serving.sqlite_file("postgresql+psycopg://desk@db/desk") is None
    serving.take_database("postgresql+psycopg://desk@db/desk")


@pytest.mark.hardening("X-39")
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("UPDATE alembic_version SET version_num = '9999'", "A newer Informejo has changed the tables"),
        ("UPDATE alembic_version SET version_num = '0001'", "bin/flask db upgrade"),
        ("DROP TABLE alembic_version", "bin/flask db upgrade"),
    ],
    ids=["newer", "older", "none"],
)
def test_a_server_does_not_start_on_tables_of_another_version_and_says_what_to_do(tmp_path, change, sentence):
    server = Server(tmp_path)
    server.upgrade()
    with closing(sqlite3.connect(tmp_path / "desk.db")) as connection, connection:
        connection.execute(change)
    result = refused(**server.settings)
    assert result.returncode == 3
    assert sentence in result.stderr
    assert "Traceback" not in result.stderr


@pytest.mark.hardening("X-47")
@pytest.mark.parametrize("how", ["loop", "sleep"])
def test_a_worker_that_hangs_in_code_of_ours_or_of_a_library_is_replaced(tmp_path, how):
    server = Server(tmp_path)
    conf = tmp_path / "hangs.conf.py"
    conf.write_text(HANGS.format(conf=str(ROOT / "gunicorn.conf.py")))
    server.configuration = str(conf)
    server.upgrade()
    server.start()
    [before] = workers(server)
    threading.Thread(target=_ask_for, args=(f"{server.address}/{how}",), daemon=True).start()
    until(lambda: "WORKER TIMEOUT" in server.log.read_text())
    until(lambda: workers(server) and workers(server) != [before])
    assert answers(server)
    server.stop()


def _ask_for(address: str):
    with suppress(OSError):
        urlopen(address, timeout=60).close()


def test_a_folder_that_is_not_its_own_is_named_in_words():
    with pytest.raises(serving.Refused, match="/proc/nowhere must belong to this account"):
        serving.take_database("sqlite:////proc/nowhere/desk.db")


def test_a_database_that_is_none_is_named_in_words(app, tmp_path):
    db.engine().dispose()
    (tmp_path / "test.db").write_bytes(os.urandom(100_000))
    with pytest.raises(serving.Refused, match="cannot be read: file is not a database"):
        serving.require_schema(app)


def test_a_server_waits_for_a_database_that_another_process_has_for_a_moment(app, tmp_path):
    with closing(sqlite3.connect(tmp_path / "test.db", check_same_thread=False)) as other:
        other.execute("PRAGMA locking_mode = EXCLUSIVE")
        other.execute("BEGIN EXCLUSIVE")
        db.engine().dispose()
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(serving, "PATIENCE", 0)
            with pytest.raises(serving.Refused, match="database is locked"):
                serving.require_schema(app)
        timer = threading.Timer(0.5, other.close)
        timer.start()
        serving.require_schema(app)
        timer.join()
