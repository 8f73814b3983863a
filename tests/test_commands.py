"""What the papers, the doctor and the commands themselves tell people to type works when it is pasted."""

import ast
import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import click
import pytest

from informejo import create_app, db
from informejo.accounts.actions import create_admin
from informejo.config import ROOT
from informejo.db import commit
from tests import database
from tests.server import Server
from tests.test_docs import PAGES
from tests.waiting import until

TYPED = re.compile(r"bin/flask ((?:--?)?[a-z][^`\n\"'#;|&)<]*)")
BARE = re.compile(r"(?<!bin/)(?<!-m )\bflask (?:--app|db |backup|restore|prune|doctor|demo|welcome|create-admin)")
OURS = re.compile(r"(?<![\w./-])((?:bin|deploy)/(?!test_)[\w.-]*\w)")
# What a Debian machine has, or a package that the same page names.
TOOLS = (
    *("apt-get", "cat", "cd", "cp", "curl", "docker", "editor", "export", "git", "grep", "haproxy", "install", "jq"),
    *("journalctl", "ln", "ls", "mkdir", "nginx", "openssl", "python3", "rm", "rsync", "ss", "sudo", "systemctl"),
    *("tail", "useradd"),
)


def texts() -> Iterator[tuple[str, str]]:
    """Every paper, and every text in the program that is longer than a word, with where it stands."""
    for page in PAGES:
        yield str(page.relative_to(ROOT)), page.read_text(encoding="utf-8")
    for path in sorted((ROOT / "informejo").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str) and " " in node.value:
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node.value
    for path in sorted((ROOT / "templates").rglob("*.html")):
        yield str(path.relative_to(ROOT)), path.read_text(encoding="utf-8")


def wrong(command: click.Command, words: list[str]) -> str:
    """What of these words the command does not know; empty where it knows all."""
    while isinstance(command, click.Group):
        if not words or words[0] not in command.commands:
            return f"no command {words[:1]}"
        command, words = command.commands[words[0]], words[1:]
    known = {option for parameter in command.params for option in parameter.opts} | {"--help"}
    return " ".join(word for word in words if word.startswith("--") and word.partition("=")[0] not in known)


def test_every_command_of_ours_that_is_named_exists_with_its_options(app):
    named = [(place, match[1].split()) for place, text in texts() for match in TYPED.finditer(text)]
    assert len(named) > 30
    assert [(place, words, why) for place, words in named if (why := wrong(app.cli, words))] == []


def test_a_command_that_does_not_exist_would_be_found(app):
    assert wrong(app.cli, ["backup", "--to", "x"]) == wrong(app.cli, ["db", "upgrade"]) == ""
    assert wrong(app.cli, ["backups"])
    assert wrong(app.cli, ["backup", "--into", "x"]) == "--into"
    assert wrong(app.cli, ["db", "grade"])


def test_no_command_is_named_that_works_only_in_an_environment_of_ones_own():
    assert [(place, match[0]) for place, text in texts() for match in BARE.finditer(text)] == []


def test_every_script_that_is_named_is_there_and_can_be_started():
    named = {(place, match[1]) for place, text in texts() for match in OURS.finditer(text)}
    assert {name for _, name in named} >= {"bin/run", "bin/flask", "deploy/deploy.sh"}
    assert [(place, name) for place, name in named if not (ROOT / name).exists()] == []
    assert all(os.access(ROOT / name, os.X_OK) for _, name in named if name.startswith("bin/") or name.endswith(".sh"))


def pasted() -> set[str]:
    """The first word of every command in a block of shell commands, after its variables."""
    blocks = [block for page in PAGES for block in page.read_text(encoding="utf-8").split("```")[1::2]]
    text = "\n".join(block.removeprefix("sh\n") for block in blocks if block.startswith("sh\n")).replace("\\\n", "")
    lines = [re.sub(r"^(?:[A-Z_]+=\S+ )+", "", line.strip()) for line in text.splitlines()]
    return {line.split()[0] for line in lines if line and not line.startswith("#")}


def test_every_line_to_paste_begins_with_something_that_is_there():
    words = pasted()
    assert {"bin/run", "bin/flask", "deploy/deploy.sh", "curl"} <= words
    assert [word for word in words if not (word in TOOLS or ("/" in word and (ROOT / word).exists()))] == []


@pytest.fixture
def checkout(tmp_path) -> Path:
    """A checkout with its environment, as bin/run leaves it."""
    checkout = tmp_path / "checkout"
    (checkout / ".venv" / "bin").mkdir(parents=True)
    (checkout / "bin").mkdir()
    for name in ("app.py", "gunicorn.conf.py", "informejo", "migrations", "static", "templates"):
        (checkout / name).symlink_to(ROOT / name)
    for name in ("run", "flask"):
        shutil.copy(ROOT / "bin" / name, checkout / "bin" / name)
    script(checkout / "bin" / "venv", "exit 0")
    script(checkout / ".venv" / "bin" / "python", f'exec {sys.executable} "$@"')
    return checkout


def script(path: Path, text: str):
    path.write_text(f"#!/bin/sh\n{text}\n")
    path.chmod(0o755)


@pytest.fixture
def typed(checkout, tmp_path):
    """`typed("places", NAME=value)` is what bin/flask says, started from somewhere else."""

    def typed(*words: str, **environ) -> subprocess.CompletedProcess:
        clean = {name: value for name, value in os.environ.items() if name not in ("UPLOAD_DIR", "PORT", "PUBLIC_URL")}
        environ = clean | {"INFORMEJO_UNITS": str(tmp_path / "units")} | environ
        command = [checkout / "bin" / "flask", *words]
        return subprocess.run(command, cwd="/", env=environ, capture_output=True, text=True, check=False)

    return typed


def put_in_service(tmp_path: Path, folder: Path, user: str = "daemon"):
    """As deploy.sh does it: a unit, and the settings it names."""
    (tmp_path / "units").mkdir(exist_ok=True)
    settings = tmp_path / "informejo.env"
    settings.write_text("# places\nUPLOAD_DIR=/srv/the files\nPORT=3404\n")
    unit = f"[Service]\nUser={user}\nEnvironmentFile={settings}\nWorkingDirectory={folder}\n"
    (tmp_path / "units" / "informejo.service").write_text(unit)


def test_a_command_works_from_anywhere_in_a_checkout_that_bin_run_started(typed, tmp_path):
    result = typed("places", UPLOAD_DIR=str(tmp_path / "my files"), DATABASE_URL=f"sqlite:///{tmp_path}/desk.db")
    assert result.returncode == 0, result.stderr
    assert f"UPLOAD_DIR='{tmp_path}/my files'" in result.stdout.splitlines()


def test_in_the_release_that_is_in_service_it_has_the_services_settings_and_account(typed, checkout, tmp_path):
    (tmp_path / "current").symlink_to(checkout)
    put_in_service(tmp_path, tmp_path / "current")
    played = tmp_path / "played"
    played.mkdir()
    script(played / "setpriv", 'echo "setpriv $*" >&2; while [ "$1" != -- ]; do shift; done; shift; exec "$@"')
    script(played / "id", '[ "$*" = -u ] && echo 0 || exec /usr/bin/id "$@"')
    places = {"DATABASE_URL": f"sqlite:///{tmp_path}/desk.db", "PATH": f"{played}:{os.environ['PATH']}"}
    result = typed("places", **places)
    assert "UPLOAD_DIR='/srv/the files'" in result.stdout.splitlines(), result.stderr
    assert "PUBLIC_URL=http://localhost:3404" in result.stdout.splitlines()
    assert "setpriv --reuid daemon " in result.stderr
    assert f"UPLOAD_DIR={tmp_path}/trial" in typed("places", **places, UPLOAD_DIR=f"{tmp_path}/trial").stdout


def test_another_checkout_than_the_one_in_service_keeps_its_own_settings(typed, tmp_path):
    put_in_service(tmp_path, tmp_path)
    result = typed("places", DATABASE_URL=f"sqlite:///{tmp_path}/desk.db")
    assert "PUBLIC_URL=http://localhost:3003" in result.stdout.splitlines()
    assert "setpriv" not in result.stderr


def test_whoever_may_not_read_the_settings_is_told_so(typed, checkout, tmp_path):
    put_in_service(tmp_path, checkout)
    (tmp_path / "informejo.env").unlink()
    result = typed("places")
    assert (result.returncode, "Run it as root." in result.stderr) == (1, True)


@pytest.fixture
def real(tmp_path) -> Server:
    """A desk with one person on it, who is real; where it can be reached is not set."""
    database.upgraded(tmp_path / "desk.db")
    server = Server(tmp_path)
    del server.settings["PUBLIC_URL"]
    with create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR")}).app_context():
        create_admin(email="nia@example.org", name="Nia Okoye", password="correct horse battery")
        commit()
        db.engine().dispose()
    return server


def people(server: Server) -> list[str]:
    with closing(sqlite3.connect(server.settings["DATABASE_URL"].removeprefix("sqlite:///"))) as desk:
        return [email for [email] in desk.execute("SELECT email FROM users")]


@pytest.mark.server
def test_bin_run_with_a_demonstration_serves_a_desk_of_real_people_as_it_is(checkout, real, tmp_path):
    log, command = tmp_path / "said", [checkout / "bin" / "run", "--demo"]
    with log.open("w") as said:
        started = subprocess.Popen(command, env=os.environ | real.settings, stdout=said, stderr=said)
    try:
        until(lambda: "Booting worker" in log.read_text() or started.poll() is not None, 60)
    finally:
        started.terminate()
        started.wait(30)
    assert "does not mix with them" in log.read_text()
    assert f"Open http://localhost:{real.port}\n" in log.read_text()
    assert f"Listening at: {real.address}" in log.read_text()
    assert people(real) == ["nia@example.org"]
