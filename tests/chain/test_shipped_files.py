"""The files an operator copies are taken by the programs they are for, and agree with the code."""

import difflib
import re
import subprocess

import pytest

from informejo.config import SETTINGS
from informejo.uploads import SMALL
from tests.chain.chain import haproxy_changes, nginx_changes, rendered
from tests.server import ROOT

pytestmark = pytest.mark.server
FILES = {"nginx.conf": nginx_changes, "haproxy.cfg": haproxy_changes}
NOT_MARKED = (
    "/var/log/nginx/",
    "/dev/log",
    "chroot",
    "user ",
    "group ",
    "maxconn",
    "bind :80",
    "listen ",
)  # nothing an operator must change


def shipped(name: str) -> str:
    return (ROOT / "deploy" / name).read_text(encoding="utf-8")


def test_nginx_takes_its_file_without_a_warning(chain, tmp_path):
    check = ["nginx", "-t", "-p", chain.access_log.parent, "-c", "nginx.conf"]
    said = subprocess.run(check, capture_output=True, text=True, check=True).stderr
    assert "successful" in said
    assert "[warn]" not in said


def test_haproxy_takes_its_file_without_a_warning(chain):
    check = ["haproxy", "-c", "-f", chain.access_log.parent / "haproxy.cfg"]
    said = subprocess.run(check, capture_output=True, text=True, check=True)
    assert "valid" in said.stdout
    assert "WARNING" not in said.stderr


@pytest.mark.parametrize("name", FILES)
def test_these_tests_change_only_lines_that_an_operator_is_told_to_change(name, tmp_path):
    changes = FILES[name](tmp_path, *range(10_000, 10_000 + (4 if name == "nginx.conf" else 3)))
    lines = difflib.ndiff(shipped(name).splitlines(), rendered(name, changes).splitlines())
    changed = [line[2:] for line in lines if line.startswith("- ")]
    marked = re.compile(r"CHANGE|# edge|# haproxy")
    assert [line for line in changed if not marked.search(line) and not any(key in line for key in NOT_MARKED)] == []
    assert changed


def test_nginx_takes_as_much_as_the_app_does():
    default = {setting.name: setting.default for setting in SETTINGS}
    most = SMALL + default["MAX_FILES"] * default["MAX_FILE_SIZE"]
    sizes = [int(size) * 1024 for size in re.findall(r"client_max_body_size (\d+)k;", shipped("nginx.conf"))]
    assert sizes == [SMALL, most]
