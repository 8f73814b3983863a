"""Whoever of the chain answers, the answer is safe, says what to do, and tells nothing about the machinery."""

import re

import pytest

from informejo.security import HEADERS
from tests.chain.asking import ask, connect, curl
from tests.chain.chain import NAME, Chain
from tests.server import Server
from tests.waiting import until

pytestmark = pytest.mark.server
HSTS = "max-age=31536000; includeSubDomains"
ANSWERS = {
    "a page": ("/sign-in", 200),
    "a redirect": ("/tickets", 303),
    "a style on the disk": ("/static/css/tokens.css", 200),
    "the joined styles": ("/assets/x.css", 200),
    "an image": ("/static/favicon.svg", 200),
    "no such file": ("/static/nothing.css", 404),
    "no such page": ("/nothing", 404),
    "what is not public": ("/metrics", 404),
    "an error page itself": ("/static/errors/away.html", 200),
}


def is_safe(answer, *but):
    """Each header once, with the very value that the app gives it."""
    for name, value in (HEADERS | {"Strict-Transport-Security": HSTS}).items():
        assert name in but or answer.headers.get_all(name) == [value], (name, answer.headers.get_all(name))
    for name in ("Cache-Control", "Retry-After", "Content-Type", "Server"):
        assert len(answer.headers.get_all(name) or ()) <= 1, name
    assert not re.search(r"\d\.\d", answer.headers.get("Server", ""))
    assert answer.headers["Access-Control-Allow-Origin"] is None


@pytest.mark.hardening("S-19", "S-20", "S-21", "S-23")
@pytest.mark.parametrize("what", ANSWERS)
def test_every_answer_has_the_security_headers_once(way, what):
    path, status = ANSWERS[what]
    answer = ask(way, path)
    assert answer.status == status
    is_safe(answer)
    if answer.headers["Content-Type"].startswith(("text/", "image/svg")):
        assert "charset=utf-8" in answer.headers["Content-Type"].lower()


@pytest.mark.hardening("S-19", "S-21", "S-23")
def test_so_has_the_refusal_of_another_host(way):
    answer = ask(way, "/", headers={"Host": "evil.example"})
    assert answer.status == 421
    is_safe(answer)


@pytest.mark.hardening("S-19", "S-21", "S-23")
@pytest.mark.parametrize("path", ["/tickets/1/comments", "/sign-in"])
def test_too_big_a_message_is_refused_at_once_in_words(way, path):
    size = 200_000_000
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {NAME}\r\nContent-Length: {size}\r\nContent-Type: multipart/form-data\r\n\r\n"
    )
    with connect(way) as line:
        line.sendall(head.encode())
        said = b""
        while b"</html>" not in said:
            said += line.recv(65_536) or pytest.fail(said.decode())
    assert said.startswith(b"HTTP/1.1 413")
    assert b"what you wrote is still in the form" in said
    assert said.lower().count(b"\r\ncontent-security-policy:") == 1
    assert said.lower().count(b"\r\nstrict-transport-security:") == 1
    assert b"Cache-Control: no-store".lower() in said.lower()


def test_a_message_too_big_for_its_address_is_refused_by_nginx_where_it_takes_no_files(way):
    assert ask(way, "/sign-in", form={"email": "x" * 300_000}).status == 413
    assert ask(way, "/sign-in", form={"email": "x" * 200_000}).status != 413


@pytest.mark.hardening("S-19", "S-21", "S-23")
def test_while_the_worker_is_away_there_is_a_page_that_says_so(away):
    page = ask(away.nginx.port, "/queue")
    assert page.status == 502
    says_that_the_desk_is_away(page)
    stream = ask(away.nginx.port, "/live?on=queue")
    assert (stream.status, stream.headers["Retry-After"]) == (503, "5")
    assert len(stream.content) < 100
    is_safe(stream)
    assert ask(away.nginx.port, "/static/css/tokens.css").status == 200, "the page has its styles"


@pytest.mark.hardening("S-19", "S-21", "S-23")
def test_haproxy_says_the_same(away):
    until(lambda: ask(away.haproxy.port, "/queue").status == 503)  # its check has noticed
    says_that_the_desk_is_away(ask(away.haproxy.port, "/queue"))


def says_that_the_desk_is_away(page):
    assert "What you had sent before is safe" in page.content.decode()
    assert page.headers["Retry-After"] == "5"
    assert page.headers["Cache-Control"] == "no-store"
    is_safe(page)


@pytest.fixture(scope="module")
def away(tmp_path_factory):
    """The chain in front of a worker that is not there."""
    with Chain(tmp_path_factory.mktemp("away"), Server(tmp_path_factory.mktemp("nobody"))) as chain:
        yield chain


@pytest.mark.hardening("W-08")
def test_styles_are_kept_by_browsers_and_pages_are_not(way, cookie, world):
    page = ask(way, "/queue", headers=cookie(world.mia))
    assert page.status == 200
    assert page.headers["Cache-Control"] == "no-store"
    address = re.search(rb"/assets/\w+\.css", page.content)[0].decode()
    assert "immutable" in ask(way, address).headers["Cache-Control"]
    assert ask(way, "/static/css/tokens.css").headers["Cache-Control"] == "max-age=86400"


def test_text_is_compressed_and_downloads_from_the_disk_stay_in_their_folder(way):
    assert ask(way, "/static/css/tokens.css", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    assert ask(way, "/sign-in", headers={"Accept-Encoding": "gzip"}).headers["Content-Encoding"] == "gzip"
    for path in ("/static/../app.py", "/static/%2e%2e/app.py", "/static../app.py", "/static/..%2fapp.py", "/app.py"):
        assert ask(way, path).status in (303, 400, 404), path


def test_what_is_measured_is_not_public_in_any_spelling(way, cookie, world):
    for path in ("/metrics", "//metrics", "/%6detrics", "/./metrics", "/x/../metrics", "/metrics?token=1"):
        assert ask(way, path, headers=cookie(world.ana)).status in (404, 308), path


def test_health_can_be_asked_for_at_every_door(chain):
    for port in (chain.nginx.port, chain.haproxy.port):
        assert ask(port, "/healthz").status == 200
    for port in (chain.plain, chain.haproxy_plain):
        assert ask(port, "/healthz", tls=False).status == 200


def test_every_request_has_an_id_of_its_own_that_no_client_chooses(chain):
    claims = ("0123456789abcdef", 'x" 200 fake', "x" * 500)
    for number, claimed in enumerate(claims):
        ask(chain.nginx.port, f"/nothing-{number}", headers={"X-Request-ID": claimed})
        ask(chain.haproxy.port, f"/nothing-{number}", headers={"X-Request-ID": claimed})
    until(lambda: chain.access_log.read_text().count('"GET /nothing-') == 2 * len(claims))
    ids = re.findall(r'"GET /nothing-\d" \d+ \d+ [\d.]+ (.*)', chain.access_log.read_text())
    assert all(re.fullmatch(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", id) for id in ids)
    assert len(set(ids)) == 2 * len(claims)
    assert sum("-" in id for id in ids) == len(claims), "those through HAProxy keep the id that it gave them"


@pytest.mark.hardening("H-49")
@pytest.mark.parametrize("door", ["setup", "choose-password", "t"])
def test_a_one_time_link_is_in_no_log(chain, door):
    for port in (chain.nginx.port, chain.haproxy.port):
        ask(port, f"/{door}/secret-of-whoever-has-it?x=secret-query")
    logs = [chain.access_log, chain.haproxy.log, chain.server.log, chain.access_log.with_name("informejo-error.log")]
    until(lambda: all(f"/{door}/..." in log.read_text() for log in logs[:2]))
    assert not any("secret-" in log.read_text() for log in logs)


def test_both_versions_of_http_are_spoken(way):
    assert curl(way, "/sign-in", "--head").startswith("HTTP/2 200")
    assert curl(way, "/sign-in", "--head", "--http1.1").startswith("HTTP/1.1 200")
