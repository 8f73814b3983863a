"""The log: every line of a request has its id, nothing in it opens a door, and nobody writes lines of their own."""

import io
import json
import logging
import re
import socket
import subprocess

import httpx
import pytest
from flask import request

from informejo import logs
from tests.server import PYTHON, ROOT, Server
from tests.world import PASSWORD

SECRET = "s3cret-that-opens-something"
EVIL = "Eve\r\n2026-01-01T00:00:00.000+00:00 INFO informejo: forged\x1b[2J\u2028\u202e\x85\x7f\ud800"
LINE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}\+00:00 [A-Z]+ [\w.]+( \[[A-Za-z0-9-]+\])?: .*|    \| .*")
MISTYPED = ("/Setup/{}", "/setup/{}/", "/x//setup/{}", "/setup//{}", "/files/{}/a/b", "/nowhere/{}", "/file/x/{}")
RULES = {"text": logs.Text, "json": logs.Json}


@pytest.fixture
def written(app):
    """What the app writes, as people read it."""
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logs.Text())
    logging.getLogger("informejo").addHandler(handler)
    yield stream
    logging.getLogger("informejo").removeHandler(handler)


def record(message: str, *args, exc_info=None) -> logging.LogRecord:
    return logging.LogRecord("informejo", logging.INFO, "x.py", 1, message, args, exc_info)


def test_every_answer_has_an_id_and_its_lines_carry_it(world, visit, written):
    world.ticket()
    written.truncate(0)
    written.seek(0)
    answer = visit(world.ren).post("/tickets", data={"title": "It smokes", "description": "At the back."})
    lines = written.getvalue().splitlines()
    assert any("event" in line for line in lines)
    assert all(f" [{answer.headers['X-Request-ID']}]: " in line for line in lines)
    assert visit().get("/sign-in").headers["X-Request-ID"] != answer.headers["X-Request-ID"]


def test_an_id_is_taken_from_a_trusted_proxy_alone(app, visit):
    claimed = "0123456789abcdef"
    assert visit().get("/sign-in", headers={"X-Request-ID": claimed}).headers["X-Request-ID"] != claimed
    app.config["TRUSTED_PROXIES"] = 1
    assert visit().get("/sign-in", headers={"X-Request-ID": claimed}).headers["X-Request-ID"] == claimed


@pytest.mark.hardening("S-62")
@pytest.mark.parametrize(
    "claimed", ["short", "x" * 65, 'abcdefgh" x', "abcdefgh ijkl", "abcdefgh\x1b[2J", "äbcdefgh", ""]
)
def test_an_id_that_is_none_is_replaced(app, visit, claimed):
    app.config["TRUSTED_PROXIES"] = 1
    answer = visit().get("/sign-in", environ_overrides={"HTTP_X_REQUEST_ID": claimed})
    assert re.fullmatch("[0-9a-f]{16}", answer.headers["X-Request-ID"])


def test_what_breaks_is_found_by_the_number_on_the_page(world, visit, monkeypatch, written):
    monkeypatch.setattr("informejo.tickets.views.policy.find_ticket", lambda *asked: 1 / 0)
    answer = visit(world.ren).get("/tickets/1")
    id = answer.headers["X-Request-ID"]
    assert f"incident {id}" in answer.text
    assert f" [{id}]: incident {id}: GET /tickets/1\n" in written.getvalue()
    assert "    | ZeroDivisionError" in written.getvalue()


def test_a_request_is_one_line_with_who_what_and_how_long(world, visit, caplog):
    visit(world.ren).get("/tickets?q=what-was-searched", environ_base={"REMOTE_ADDR": "192.0.2.7"})
    (line,) = [record for record in caplog.records if record.name == "informejo.access"]
    told = json.loads(logs.Json().format(line))
    assert told.items() >= {"method": "GET", "path": "/tickets", "status": 200, "user": world.ren.id}.items()
    assert told["address"] == "192.0.2.7"
    assert (told["ms"] > 0, told["bytes"] > 1000) == (True, True)
    assert "searched" not in line.getMessage()


@pytest.mark.hardening("H-56")
def test_no_route_has_its_secret_in_the_log(app):
    seen = set()
    for rule in app.url_map.iter_rules():
        address = re.sub(r"<int:\w+>", "7", re.sub(r"<any\((\w+).*?\):\w+>", r"\1", rule.rule))
        address = re.sub(r"<(?:\w+:)?(\w+)>", lambda part: "plain" if part[1] in logs.PLAIN else SECRET, address)
        for method in rule.methods:
            with app.test_request_context(address, method=method):
                seen |= {*request.view_args}
                assert SECRET not in logs.path()
                assert SECRET in address or logs.path() == address
    assert {"token", "name"} <= seen
    assert seen >= logs.PLAIN


@pytest.mark.hardening("H-56")
@pytest.mark.parametrize("address", MISTYPED)
def test_a_mistyped_secret_is_not_in_the_log_either(visit, written, address):
    for method in ("GET", "POST"):
        visit().open(address.format(SECRET), method=method)
    assert written.getvalue().count("/...") >= 2
    assert SECRET not in written.getvalue()


@pytest.mark.hardening("S-62")
@pytest.mark.parametrize("form", RULES)
def test_one_record_is_one_line_whatever_is_in_it(form):
    line = RULES[form]().format(record("user %s said %s", EVIL, EVIL))
    assert len(line.splitlines()) == 1
    assert line.isprintable()
    assert "forged" in line


@pytest.mark.hardening("S-62")
def test_a_traceback_cannot_be_taken_for_lines_of_the_log():
    try:
        raise ValueError(EVIL)
    except ValueError as error:
        broken = record("it broke", exc_info=(ValueError, error, error.__traceback__))
    first, *rest = logs.Text().format(broken).split("\n")
    assert first.endswith(" INFO informejo: it broke")
    assert all(line.startswith("    | ") and line.isprintable() for line in rest)
    assert any("forged" in line for line in rest)
    (line,) = logs.Json().format(broken).splitlines()
    assert "forged" in json.loads(line)["traceback"]


@pytest.mark.hardening("S-62")
@pytest.mark.parametrize("form", RULES)
def test_an_address_of_a_hundred_thousand_letters_makes_a_short_line(visit, caplog, form):
    for address in (f"/{'x' * 100_000}", f"/{'ü' * 10_000}", f"/static/{'%1b' * 10_000}", "/\u202e%0d%0aforged"):
        visit().get(address, environ_base={"REMOTE_ADDR": "ü\r\n" * 1000})
    lines = [RULES[form]().format(record) for record in caplog.records]
    assert len(lines) == 4
    assert all(len(line) < 1000 and line.isprintable() for line in lines)
    assert len(RULES[form]().format(record("x" * 1_000_000))) < 5_000


@pytest.mark.parametrize(("level", "form", "name"), [("INFO", "xml", "LOG_FORMAT"), ("LOUD", "text", "LOG_LEVEL")])
def test_a_setting_that_is_not_known_is_said_in_a_sentence(level, form, name):
    with pytest.raises(ValueError, match=f"{name} must be "):
        logs.configure(level, form)


@pytest.mark.server
def test_a_server_with_an_unknown_form_does_not_start(tmp_path):
    server = Server(tmp_path, LOG_FORMAT="xml")
    command = [*PYTHON, "gunicorn", "-c", "gunicorn.conf.py", "app:app"]
    ended = subprocess.run(
        command, cwd=ROOT, env=server._environment, capture_output=True, text=True, timeout=60, check=False
    )
    assert ended.returncode != 0
    assert "LOG_FORMAT must be text or json, not 'xml'." in ended.stderr


@pytest.mark.server
@pytest.mark.hardening("H-56", "H-49", "S-62")
@pytest.mark.parametrize("form", RULES)
def test_no_secret_that_a_server_is_told_gets_into_its_log(tmp_path, form):
    server = Server(tmp_path, LOG_FORMAT=form, LOG_LEVEL="DEBUG", METRICS_TOKEN="s3cret-of-the-watchers")
    server.upgrade()
    welcome = server.flask("welcome")
    assert welcome.stderr == ""
    token = welcome.stdout.strip().rpartition("/")[2]
    server.start()
    try:
        secrets = [token, *tell(server, token), "s3cret", PASSWORD, "nia@example.org"]
    finally:
        server.stop()
    text = server.log.read_text()
    assert [secret for secret in secrets if secret in text] == []
    expected = ("/setup/...", "/files/.../...", "stream opened", "Invalid HTTP", "gunicorn.error", "informejo.access")
    assert [sign for sign in expected if sign not in text] == []
    assert [line for line in text.splitlines() if not well_formed(form, line)] == []


def well_formed(form: str, line: str) -> bool:
    return bool(json.loads(line)["message"] if form == "json" else LINE.fullmatch(line))


def tell(server: Server, token: str) -> list[str]:
    """Do what carries secrets at every door; returns those that were made on the way."""
    browser = httpx.Client(base_url=server.address, headers={"Origin": server.address})
    new = {"email": "nia@example.org", "name": "Nia s3cret", "password": PASSWORD, "again": PASSWORD}
    browser.post(f"/setup/{token}", data=new)
    browser.post("/sign-in", data={"email": "nia@example.org", "password": "s3cret-mistyped-password"})
    text = {"title": "s3cret title", "description": "s3cret text"}
    made = browser.post("/tickets", data=text, files={"files": ("s3cret.txt", b"s3cret")})
    page = browser.get(made.headers["Location"]).text
    (file,) = set(re.findall(r"/files/([\w-]+)", page))
    assert browser.get(f"/files/{file}/s3cret.txt").status_code == 200
    for path in ("/metrics", "/live/probe", "/tickets?q=s3cret"):
        browser.get(path, headers={"Authorization": "Bearer s3cret-of-the-watchers"})
    with browser.stream("GET", "/live?on=queue&since=s3cret", headers={"Last-Event-ID": "s3cret.7"}) as stream:
        next(stream.iter_bytes())
    for raw in (
        b"GET /setup/s3cret HTTP/9.9\r\n\r\n",
        b"GET /setup/s3cret x y\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nAuthorization : Bearer s3cret\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: x\r\nCookie: s3cret\x00\r\n\r\n",
        b"GET /setup/s3cret HTTP/1.1\r\nCookie: informejo=s3cr",
    ):
        with socket.create_connection(("127.0.0.1", server.port)) as connection:
            connection.sendall(raw)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(100)
    return [file, browser.cookies["informejo"]]
