"""What a client claims in headers changes nothing: not who it is, nor where it comes from, nor where it is led."""

import socket

import pytest

from tests.chain.asking import ask, exchange
from tests.chain.chain import ADDRESS, NAME
from tests.waiting import until

pytestmark = pytest.mark.server
WRONG = {"email": "nobody@example.org", "password": "wrong horse battery"}
CLAIMS = ("X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP", "True-Client-IP")
POST = f"POST /sign-in HTTP/1.1\r\nHost: {NAME}\r\nSec-Fetch-Site: same-origin\r\nConnection: close\r\n"
POST += "Content-Type: application/x-www-form-urlencoded\r\nContent-Length: %d\r\n\r\n"
PROXY = b"PROXY TCP4 10.9.9.%d 127.0.0.1 999 443\r\n"


def claimed(number: int) -> dict[str, str]:
    return dict.fromkeys(CLAIMS, f"10.1.1.{number}") | {"Forwarded": f"for=10.1.1.{number}"}


def sign_in(port, number, **how) -> int:
    form = WRONG | {"email": f"nobody{number}@example.org"}
    return ask(port, "/sign-in", form=form, headers=claimed(number), **how).status


@pytest.mark.hardening("W-03", "S-28", "H-35")
def test_a_claimed_address_does_not_help_to_guess_passwords(way, chain):
    number = 1 if way == chain.nginx.port else 2  # each way in has tries of its own
    here, elsewhere = f"127.0.1.{number}", f"127.0.2.{number}"
    assert [sign_in(way, number, source=here) for number in range(10)] == [422] * 10
    assert sign_in(way, 11, source=here) == 429
    assert sign_in(way, 12, source=elsewhere) == 422, "somebody else is not shut out"
    until(lambda: here in chain.access_log.read_text())  # the line is written when the answer is gone
    assert "10.1.1." not in chain.access_log.read_text()


@pytest.mark.hardening("W-03")
def test_nobody_but_haproxy_can_name_an_address_by_the_proxy_protocol(chain):
    statuses = []
    for number in range(11):
        body = f"email=x{number}%40example.org&password=wrong+horse+battery"
        with socket.create_connection(("127.0.0.1", chain.proxied), 5, ("127.0.3.3", 0)) as stranger:
            stranger.sendall(PROXY % number + (POST % len(body) + body).encode())
            statuses.append(int(stranger.recv(65_536)[9:12]))
    assert statuses == [422] * 10 + [429]
    until(lambda: "127.0.3.3" in chain.access_log.read_text())


def test_without_the_proxy_protocol_there_is_no_way_in_behind_haproxy(chain):
    answer = exchange(chain.proxied, f"GET / HTTP/1.1\r\nHost: {NAME}\r\n\r\n".encode(), tls=False)
    assert answer == b"" or answer.startswith(b"HTTP/1.1 400")


@pytest.mark.hardening("W-05")
def test_another_host_is_not_served(way):
    for host in ("evil.example", f"{NAME}.evil.example", "127.0.0.1", f"evil.example:443#{NAME}"):
        answer = ask(way, "/sign-in", headers={"Host": host})
        assert answer.status in (400, 421), host
        assert b"evil" not in answer.content
    assert ask(way, "/sign-in").status == 200


@pytest.mark.hardening("W-05")
def test_a_forwarded_host_leads_nobody_away(way):
    claims = {"X-Forwarded-Host": "evil.example", "X-Forwarded-Proto": "http", "Forwarded": "host=evil.example"}
    claims |= {"X-Forwarded-Server": "evil.example", "X-Forwarded-Port": "99", "X-Original-URL": "/metrics"}
    answer = ask(way, "/tickets", headers=claims)
    assert answer.status == 303
    assert answer.headers["Location"].startswith("/sign-in")
    assert b"evil" not in answer.content + str(answer.headers).encode()
    page = ask(way, "/sign-in", headers=claims)
    assert page.headers["Strict-Transport-Security"]
    assert b"evil" not in page.content


@pytest.mark.hardening("W-05")
def test_the_way_from_http_to_https_leads_to_the_desk_alone(chain):
    for port in (chain.plain, chain.haproxy_plain):
        answer = ask(port, "/tickets/1?a=b", tls=False)
        assert (answer.status, answer.headers["Location"]) == (301, f"{ADDRESS}/tickets/1?a=b")
    assert "evil" not in str(ask(chain.plain, "/", tls=False, headers={"Host": "evil.example"}).headers)


@pytest.mark.hardening("H-05")
def test_nobody_is_signed_in_by_a_header(way):
    claims = dict.fromkeys(("Remote-User", "X-Remote-User", "X-Forwarded-User"), "ana@example.org")
    assert ask(way, "/desk", headers=claims).status == 303
