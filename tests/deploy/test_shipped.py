"""The files in deploy/ agree with the settings, with each other and with what they name."""

import re
import shlex
import shutil
import subprocess
from pathlib import Path

import pytest
import yaml

from informejo.config import SETTINGS, from_environment
from tests.deploy import env_example
from tests.server import ROOT

DEPLOY = ROOT / "deploy"
UNITS = ("informejo.service", "informejo.socket", "informejo-daily.service", "informejo-daily.timer")
PORT = str(from_environment({})["PORT"])
HOME, ENV_FILE, STATE = "/opt/informejo/current", "/etc/informejo.env", "/var/lib/informejo"


def read(name: str) -> str:
    return (DEPLOY / name).read_text(encoding="utf-8")


def said(text: str) -> str:
    """Without what stands in comments."""
    return "\n".join(line.partition(" # ")[0] for line in text.splitlines() if not line.lstrip().startswith("#"))


def unit(name: str) -> dict[str, list[str]]:
    """Every setting of a unit, with its values in order."""
    settings: dict[str, list[str]] = {}
    for line in said(read(name)).splitlines():
        if "=" in line:
            key, _, value = line.partition("=")
            settings.setdefault(key, []).append(value)
    return settings


def compose() -> dict:
    return yaml.safe_load(read("compose.yaml"))


def dockerfile() -> list[list[str]]:
    """Its instructions, each as its word and the rest."""
    text = said(read("Dockerfile")).replace("\\\n", " ")
    return [line.split(maxsplit=1) for line in text.splitlines() if line.strip()]


def test_the_sample_of_the_settings_has_every_setting_with_its_meaning():
    assert env_example.FILE.read_text(encoding="utf-8") == env_example.text(), "run: python -m tests.deploy.env_example"


@pytest.mark.hardening("S-53")
def test_the_sample_of_the_settings_can_be_read_and_gives_no_secret_away():
    lines = [line for line in read("env.example").splitlines() if line and not line.startswith("#")]
    settings = from_environment(dict(line.split("=", 1) for line in lines))
    assert settings["PORT"] == int(PORT)
    assert settings["PUBLIC_URL"].startswith("https://")
    assert settings["METRICS_TOKEN"] == ""
    names = re.compile("SECRET|PASSWORD|TOKEN|KEY$")
    assert [line for line in lines if names.search(line.split("=")[0])] == []


def test_all_files_name_the_same_port_places_and_settings():
    assert unit("informejo.socket")["ListenStream"] == [f"127.0.0.1:{PORT}"]
    for name in ("informejo.service", "informejo-daily.service"):
        settings = unit(name)
        assert settings["WorkingDirectory"] == [HOME]
        assert settings["EnvironmentFile"] == [ENV_FILE]
        assert f"/var/lib/{settings['StateDirectory'][0]}" == STATE
        assert all(command.startswith(f"{HOME}/.venv/bin/python -m ") for command in settings["ExecStart"])
    container = dict(pair.split("=") for word, rest in dockerfile() if word == "ENV" for pair in shlex.split(rest))
    assert container["PORT"] == PORT
    assert ["EXPOSE", PORT] in dockerfile()
    assert ["WORKDIR", HOME] in dockerfile()
    assert ["VOLUME", STATE] in dockerfile()
    assert compose()["services"]["app"]["env_file"] == ENV_FILE
    assert compose()["services"]["app"]["volumes"] == [f"state:{STATE}"]
    assert f"server 127.0.0.1:{PORT};" in read("nginx.conf")
    assert f"root {HOME};" in read("nginx.conf")


def test_no_file_names_another_port_another_settings_file_or_an_older_python():
    for file in sorted(DEPLOY.iterdir()):
        text = file.read_text(encoding="utf-8")
        assert set(re.findall(r"\b30\d\d\b", text)) <= {PORT}, file.name
        assert set(re.findall(r"/etc/[\w/-]+\.env", text)) <= {ENV_FILE}, file.name
        assert {int(minor) for minor in re.findall(r"[Pp]ython[ :]?3\.(\d+)", text)} <= set(range(11, 20)), file.name


def test_every_setting_that_the_files_name_exists():
    known = {setting.name for setting in SETTINGS}
    named = set(compose()["services"]["app"]["environment"])
    named |= {pair.split("=")[0] for word, rest in dockerfile() if word == "ENV" for pair in shlex.split(rest)}
    named |= set(re.findall(r"\$\(setting (\w+)\)", read("deploy.sh")))
    assert named - {"PATH", "PYTHONDONTWRITEBYTECODE"} <= known


def test_every_file_that_the_image_is_made_of_exists_and_is_let_in():
    let_in = {line.removeprefix("!") for line in (ROOT / ".dockerignore").read_text().splitlines() if line[:1] == "!"}
    copied = [rest.split()[:-1] for word, rest in dockerfile() if word == "COPY" and not rest.startswith("--from")]
    names = {name for names in copied for name in names}
    assert names == let_in
    assert all((ROOT / name).exists() for name in names)
    assert {"app.py", "gunicorn.conf.py", "migrations"} <= names


@pytest.mark.hardening("S-53")
def test_containers_have_no_rights_they_do_not_need_and_publish_nothing_but_nginx():
    services = compose()["services"]
    for service in services.values():
        assert service["read_only"] is True
        assert service["cap_drop"] == ["ALL"]
        assert service["security_opt"] == ["no-new-privileges:true"]
        assert service["restart"] == "unless-stopped"
    assert "ports" not in services["app"]
    assert "cap_add" not in services["app"]
    assert services["nginx"]["ports"] == ["80:80", "443:443"]
    assert ["USER", "10001:10001"] in dockerfile()
    assert not re.search("PASSWORD|SECRET", read("compose.yaml") + read("Dockerfile"))


def test_the_container_stops_as_systemd_would_stop_it_and_says_whether_it_is_well():
    words = dict(dockerfile())
    assert words["STOPSIGNAL"] == "SIGTERM"
    assert 'exec python -m gunicorn -c gunicorn.conf.py app:app"]' in words["CMD"]
    assert "/healthz" in words["HEALTHCHECK"]
    assert compose()["services"]["app"]["stop_grace_period"] == f"{unit('informejo.service')['TimeoutStopSec'][0]}s"
    assert compose()["services"]["nginx"]["depends_on"] == {"app": {"condition": "service_healthy"}}


def test_compose_makes_of_nginx_conf_what_its_containers_need(tmp_path):
    services = compose()["services"]
    shell = services["nginx"]["command"][2].replace("$$", "$").partition("&& exec")[0]
    shell = shell.replace("/etc/nginx/informejo.conf", str(DEPLOY / "nginx.conf"))
    shell = shell.replace("/etc/nginx/conf.d/default.conf", str(tmp_path / "made"))
    subprocess.run(["sh", "-c", shell], check=True, env={"INFORMEJO_NAME": "desk.example.com", "PATH": "/usr/bin:/bin"})
    made = said((tmp_path / "made").read_text())
    assert f"server {services['app']['networks']['desk']['ipv4_address']}:{PORT};" in made
    assert made.count("server_name desk.example.com;") == 2
    assert "access_log /dev/stdout informejo;" in made
    assert "error_log /dev/stderr;" in made
    assert "help.example.org" not in made
    assert "/etc/ssl/informejo/fullchain.pem" in made


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="systemd is not installed")
def test_systemd_finds_nothing_wrong_with_the_units_and_little_exposed(tmp_path, record_property):
    for name in UNITS:
        text = read(name).replace(f"{HOME}/.venv/bin/python", "/bin/true").replace(f"file://{HOME}", "file://")
        (tmp_path / name).write_text(text)
    for name in UNITS:
        checked = _analyze("verify", "--man=no", str(tmp_path / name), SYSTEMD_UNIT_PATH=f"{tmp_path}:")
        assert (checked.returncode, checked.stderr) == (0, "")
    for name in ("informejo.service", "informejo-daily.service"):
        table = _analyze("security", "--offline=true", str(tmp_path / name)).stdout
        exposure = float(re.search(r"exposure level for .*: ([\d.]+)", table)[1])
        record_property(f"exposure of {name}, of 10", exposure)
        assert exposure < 2


@pytest.mark.skipif(not shutil.which("shellcheck"), reason="shellcheck is not installed")
def test_shellcheck_finds_nothing_in_the_scripts():
    subprocess.run(["shellcheck", DEPLOY / "deploy.sh"], check=True)


def _analyze(*words: str, **environ: str) -> subprocess.CompletedProcess:
    command = [Path("/usr/bin/systemd-analyze"), *words]
    return subprocess.run(command, env={"PATH": "/usr/bin:/bin"} | environ, capture_output=True, text=True, check=False)
