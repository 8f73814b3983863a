"""The doctor looks at the desk from outside: through PUBLIC_URL and a real nginx that is right, or wrong in one way."""

import json
import subprocess
import threading
import time
from http.client import HTTPConnection
from urllib.parse import urlsplit

import pytest

from informejo import create_app, db, signals
from informejo.accounts import session_actions
from informejo.db import commit
from informejo.doctor import examination, probe, public_checks
from informejo.doctor.checks import Patient
from tests import world as cast
from tests.doctor.fronts import Fronts
from tests.server import PYTHON, ROOT, Server

pytestmark = pytest.mark.server

CERTIFICATES = {"good": (-1, 90), "expired": (-30, -1), "ending": (-80, 5), "untold": (-1, 90)}  # days from now


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    server = Server(tmp_path_factory.mktemp("behind"), TRUSTED_PROXIES=1)
    server.upgrade()
    server.start()
    yield server
    server.stop()
    assert "Traceback" not in server.log.read_text()


@pytest.fixture(scope="module")
def fronts(server, tmp_path_factory):
    fronts = Fronts(tmp_path_factory.mktemp("nginx"), server.port, CERTIFICATES)
    wait_for(fronts.http["good"])
    yield fronts
    fronts.stop()


@pytest.fixture(scope="module")
def desk(server):
    """The app on the server's database, as the command has it."""
    app = create_app({name: server.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR")} | {"TRUSTED_PROXIES": 1})
    signals.recorded.disconnect(app.extensions["broadcast"].ring)
    signals.noticed.disconnect(app.extensions["broadcast"].notice)
    with app.app_context():
        yield app
        db.session.rollback()
        db.engine().dispose()


@pytest.fixture
def ask(desk):
    """`ask(check, address)`: what it answers with that PUBLIC_URL."""

    def ask(check, address: str, **settings):
        settings = dict(desk.config) | {"PUBLIC_URL": address} | settings
        return check(Patient(settings, None, examination._tokens(), patience=5))

    return ask


def wait_for(address: str):
    deadline = time.monotonic() + 20
    while True:
        try:
            return probe.head(urlsplit(address), 2)
        except OSError:
            assert time.monotonic() < deadline, "nginx does not answer"
            time.sleep(0.05)


@pytest.mark.hardening("L-23")
def test_a_stream_that_comes_as_it_is_sent_is_well(ask, fronts, record_property):
    answer = ask(public_checks.stream, fronts.http["good"])
    assert answer.state == "well", answer
    record_property("first byte of the probe", answer.sentence)


@pytest.mark.hardening("L-23")
def test_a_proxy_that_holds_the_stream_back_is_found(ask, fronts):
    answer = ask(public_checks.stream, fronts.http["buffering"])
    assert (answer.state, "in one piece" in answer.sentence) == ("broken", True)


@pytest.mark.hardening("L-23")
def test_a_proxy_that_compresses_the_stream_is_found(ask, fronts):
    answer = ask(public_checks.stream, fronts.http["compressing"])
    assert (answer.state, "compresses" in answer.sentence) == ("broken", True)


def test_another_server_at_the_address_is_found(ask, fronts):
    for check in (public_checks.stream, public_checks.forwarding):
        answer = ask(check, fronts.http["another"])
        assert (answer.state, "Another server" in answer.sentence) == ("broken", True)


def test_an_address_where_nothing_answers_is_found(ask):
    answer = ask(public_checks.stream, "http://127.0.0.1:9")
    assert (answer.state, "Connection refused" in answer.sentence) == ("broken", True)


def test_a_proxy_that_finds_nobody_behind_it_is_found(ask, fronts):
    assert "502" in ask(public_checks.stream, fronts.http["dead"]).sentence


@pytest.mark.parametrize(
    ("front", "trusted", "state", "words"),
    [
        ("good", 1, "well", "as TRUSTED_PROXIES=1 expects"),
        ("good", 0, "broken", "all visitors look like one"),
        ("good", 2, "broken", "pretend to come from anywhere"),
        ("nameless", 0, "well", "as TRUSTED_PROXIES=0 expects"),
        ("nameless", 1, "broken", "pretend to come from anywhere"),
        ("elsewhere", 0, "look", "host people typed"),
    ],
)
def test_what_the_proxies_pass_on_is_compared_with_what_is_trusted(ask, fronts, front, trusted, state, words):
    answer = ask(public_checks.forwarding, fronts.http[front], TRUSTED_PROXIES=trusted)
    assert (answer.state, words in answer.sentence) == (state, True), answer


def test_https_that_the_app_is_told_of_is_well_and_http_in_its_place_is_not(ask, fronts):
    assert ask(public_checks.forwarding, fronts.https["good"]).state == "well"
    answer = ask(public_checks.forwarding, fronts.https["untold"])
    assert (answer.state, "arrive as http" in answer.sentence) == ("look", True)


def test_a_certificate_browsers_trust_is_well_and_its_days_are_counted(ask, fronts, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(fronts.pem["good"]))
    answer = ask(public_checks.certificate, fronts.https["good"])
    assert (answer.state, "valid for 89 days" in answer.sentence) == ("well", True)


def test_an_expired_certificate_is_found(ask, fronts, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(fronts.pem["expired"]))
    answer = ask(public_checks.certificate, fronts.https["expired"])
    assert (answer.state, "expired" in answer.sentence) == ("broken", True)


def test_a_certificate_about_to_end_is_worth_a_look(ask, fronts, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(fronts.pem["ending"]))
    assert ask(public_checks.certificate, fronts.https["ending"]).sentence == "The certificate ends in 4 days."


def test_only_the_check_of_the_certificate_reads_all_authorities_which_takes_long(ask, fronts, monkeypatch):
    made, make = [], probe.ssl.create_default_context
    monkeypatch.setattr(probe.ssl, "create_default_context", lambda: made.append(1) or make())
    for check in (public_checks.address, public_checks.stream, public_checks.forwarding):
        ask(check, fronts.https["good"])
    assert made == []
    ask(public_checks.certificate, fronts.https["good"])
    assert made == [1]


def test_a_certificate_nobody_else_signed_is_said_plainly(ask, fronts):
    answer = ask(public_checks.certificate, fronts.https["good"])
    assert (answer.state, "self-signed" in answer.sentence) == ("look", True)


def test_a_certificate_for_another_name_is_said_plainly(ask, fronts, monkeypatch):
    monkeypatch.setenv("SSL_CERT_FILE", str(fronts.pem["good"]))
    address = fronts.https["good"].replace("localhost", "127.0.0.1")
    assert "another name" in ask(public_checks.certificate, address).sentence


def test_a_public_address_without_https_is_worth_a_look_and_this_machine_is_not(ask, fronts):
    assert ask(public_checks.address, "http://desk.example.org").state == "look"
    assert ask(public_checks.address, fronts.http["good"]).state == "well"


def test_https_that_browsers_are_not_told_to_stay_with_is_worth_a_look(ask, fronts):
    answer = ask(public_checks.address, fronts.https["good"])  # the server's own PUBLIC_URL is http, so it sends none
    assert (answer.state, "Strict-Transport-Security" in answer.sentence) == ("look", True)


def test_the_command_examines_a_running_server_from_outside(server, fronts):
    settings = server._environment | {"PUBLIC_URL": fronts.http["good"]}
    command = [*PYTHON, "flask", "--app", "app", "doctor", "--json"]
    result = subprocess.run(command, cwd=ROOT, env=settings, check=False, capture_output=True, text=True)
    states = {finding["name"]: finding["state"] for finding in json.loads(result.stdout)}
    well = ("database", "tables", "stream", "forwarded addresses", "settings")
    assert {name: states[name] for name in well} == dict.fromkeys(well, "well")


@pytest.fixture
def administrator(tmp_path):
    """A server of her own, reached through its PUBLIC_URL, and the cookie of its administrator."""
    own = Server(tmp_path)
    own.upgrade()
    app = create_app({name: own.settings[name] for name in ("DATABASE_URL", "UPLOAD_DIR")})
    with app.app_context():
        token = session_actions.start_session(cast.populate().ana, "test")
        commit()
        db.engine().dispose()
    own.start()
    yield own, {"Cookie": f"informejo={token}", "Origin": own.address}
    own.stop()


def test_a_server_that_examines_itself_does_not_lock_itself_out_and_others_do_not_wait(administrator, record_property):
    own, headers = administrator
    answers, waits = [], []
    asking = threading.Thread(target=lambda: answers.append(answer(own, "POST", "/health", headers)[0]))
    asking.start()
    while asking.is_alive():
        begun = time.monotonic()
        answer(own, "GET", "/sign-in", {})
        waits.append(time.monotonic() - begun)
    assert answers == [303]
    assert max(waits) < 2
    record_property("s waited at most beside an examination", round(max(waits), 3))
    page = answer(own, "GET", "/health", headers)[1]
    assert "marks as they were sent" in page or "The first byte took" in page  # beside so many who ask
    assert "Nothing answers" not in page


def answer(server: Server, method: str, path: str, headers: dict) -> tuple[int, str]:
    connection = HTTPConnection("127.0.0.1", server.port, timeout=15)
    try:
        connection.request(method, path, headers=headers | ({"Content-Length": "0"} if method == "POST" else {}))
        response = connection.getresponse()
        return response.status, response.read().decode()
    finally:
        connection.close()
