"""The server runs with the settings it was tested with, and on packages without known holes."""

import os
import subprocess
from importlib.metadata import version

import pytest
from packaging.version import Version

from tests.server import PYTHON, ROOT

FLOORS = {
    "Flask": "3.1.3",  # the session must say that it was looked at, or caches mix people up
    "Werkzeug": "3.1.6",  # Windows device names in safe_join
    "Jinja2": "3.1.6",  # ways out of the sandbox
    "gunicorn": "26.1",  # request smuggling
    "gevent": "24.10.1",  # a race in its pywsgi and socket pairs
    "SQLAlchemy": "2.1",  # the migrations were written with it
}
EXPECTED = {
    "workers": "1",
    "worker_class": "gevent",
    "control_socket_disable": "True",
    "forwarded_allow_ips": "[]",
    "preload_app": "False",
    "max_requests": "0",
    "graceful_timeout": "5",
    "timeout": "30",  # and one second until it is noticed, one until it is killed: less than 35
    "limit_request_line": "4094",
    "limit_request_field_size": "8190",
    "reload": "False",
    "umask": "63",
}


def effective(**environ) -> dict[str, str]:
    """The settings gunicorn ends up with."""
    command = [*PYTHON, "gunicorn", "--print-config", "-c", "gunicorn.conf.py", "app:app"]
    printed = subprocess.run(
        command, cwd=ROOT, env=os.environ | environ, check=True, capture_output=True, text=True
    ).stdout
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in printed.splitlines())}


@pytest.mark.hardening("W-17")
def test_gunicorn_runs_with_the_settings_it_was_tested_with(tmp_path):
    places = {"DATABASE_URL": f"sqlite:///{tmp_path}/desk.db", "UPLOAD_DIR": str(tmp_path / "files")}
    found = effective(**places, WEB_CONCURRENCY="4", FORWARDED_ALLOW_IPS="*")
    assert {name: found[name] for name in EXPECTED} == EXPECTED
    assert found["bind"] == "['127.0.0.1:3003']"


def test_when_all_streams_come_back_at_once_pages_are_still_let_in(tmp_path):
    places = {"DATABASE_URL": f"sqlite:///{tmp_path}/desk.db", "UPLOAD_DIR": str(tmp_path / "files")}
    found = effective(**places, STREAMS_TOTAL="3000")
    assert int(found["worker_connections"]) > 3000


@pytest.mark.hardening("W-22", "S-57")
@pytest.mark.parametrize("name", FLOORS)
def test_no_package_is_older_than_the_one_that_closed_its_known_holes(name):
    assert Version(version(name)) >= Version(FLOORS[name])
