"""A worker that dies is replaced by one that has nothing left to load, and shares nothing with it but that."""

import json
from contextlib import suppress
from pathlib import Path

import pytest

from tests.server import ROOT, Server
from tests.waiting import until

pytestmark = pytest.mark.server
# gunicorn.conf.py as it is, and a line for each worker: what it had to load before it served.
NOTING = """
exec(compile(open({conf!r}).read(), {conf!r}, "exec"))
_begin = post_worker_init

def post_fork(server, worker):
    import sys
    from jinja2 import Environment
    compile_one = Environment.compile
    worker.known, worker.compiled = set(sys.modules), []

    def noted(self, source, name=None, *rest, **more):
        worker.compiled.append(name)
        return compile_one(self, source, name, *rest, **more)

    Environment.compile = noted

def post_worker_init(worker):
    import json, sys
    _begin(worker)
    worker.wsgi.jinja_env.from_string("")
    loaded = [name for name in sys.modules if name not in worker.known]
    with open({notes!r}, "a") as notes:
        print(json.dumps([loaded, worker.compiled]), file=notes)
"""


@pytest.fixture
def server(tmp_path):
    """From scratch, as an installation starts it, with notes of what its workers load."""
    server = Server(tmp_path)
    server.starter = None
    conf = tmp_path / "noting.conf.py"
    conf.write_text(NOTING.format(conf=str(ROOT / "gunicorn.conf.py"), notes=str(tmp_path / "notes")))
    server.configuration = str(conf)
    server.upgrade()
    server.start()
    yield server
    server.stop()


def workers(tmp_path: Path) -> list[list[list[str]]]:
    """Of each worker so far, the modules that it imported and the templates that it compiled."""
    return [json.loads(line) for line in (tmp_path / "notes").read_text().splitlines()]


def files(pid: int) -> set[str]:
    """The names of what that process has open."""
    names = set()
    for path in Path(f"/proc/{pid}/fd").iterdir():
        with suppress(FileNotFoundError):  # closed since it was listed
            names.add(path.readlink().name)
    return names


@pytest.mark.parametrize("end", [Server.kill_worker, Server.reload], ids=["killed", "reloaded"])
def test_people_wait_for_no_module_and_no_template_when_a_worker_is_replaced(server, tmp_path, end):
    end(server)
    until(lambda: len(workers(tmp_path)) == 2)
    for modules, templates in workers(tmp_path):
        assert [name for name in modules if name.partition(".")[0] in ("app", "informejo", "sqlalchemy")] == ["app"]
        assert templates == [None], "only the one that the notes made themselves, which has no name"


def test_what_workers_inherit_holds_neither_threads_nor_the_database(server):
    master = server._master.pid
    assert "desk.db" in files(server.worker)
    assert "desk.db" not in files(master)
    assert len(list(Path(f"/proc/{master}/task").iterdir())) == 1
