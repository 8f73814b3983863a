"""Requests that one program could read differently from the next are refused, or read by all the same way."""

import re
import socket
import ssl

import pytest

from tests.chain.asking import curl, exchange
from tests.chain.chain import NAME

pytestmark = pytest.mark.server

HOST = f"Host: {NAME}\r\n"
LAST = "Connection: close\r\n\r\n"
HIDDEN = f"GET /sign-in?hidden HTTP/1.1\r\n{HOST}{LAST}"
CHUNKED = "Transfer-Encoding: chunked\r\n"
# What comes before the hidden request, and what the worker answers.
TRICKS = {
    "both lengths": (f"POST /sign-in HTTP/1.1\r\n{HOST}Content-Length: 5\r\n{CHUNKED}\r\n0\r\n\r\n", (400,)),
    "an unknown coding": (f"POST /sign-in HTTP/1.1\r\n{HOST}Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n", (501,)),
    "chunked is not last": (
        f"POST /sign-in HTTP/1.1\r\n{HOST}Transfer-Encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        (400, 501),
    ),
    "chunked twice": (f"POST /sign-in HTTP/1.1\r\n{HOST}{CHUNKED}{CHUNKED}\r\n0\r\n\r\n", (400,)),
    "a space before the colon": (
        f"POST /sign-in HTTP/1.1\r\n{HOST}Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n",
        (400,),
    ),
    "two lengths": (f"POST /sign-in HTTP/1.1\r\n{HOST}Content-Length: 0\r\nContent-Length: 9\r\n\r\n", (400,)),
    "a length with a sign": (f"POST /sign-in HTTP/1.1\r\n{HOST}Content-Length: +0\r\n\r\n", (400,)),
    "a list of lengths": (f"POST /sign-in HTTP/1.1\r\n{HOST}Content-Length: 0, 0\r\n\r\n", (400,)),
    "a folded line": (f"POST /sign-in HTTP/1.1\r\n{HOST}X-A: b\r\n c: d\r\n\r\n", (400,)),
    "two hosts": (f"GET /sign-in HTTP/1.1\r\n{HOST}Host: evil.example\r\n\r\n", (400,)),
    "a header without a name": (f"GET /sign-in HTTP/1.1\r\n{HOST}: x\r\n\r\n", (400,)),
    "a zero byte": (f"GET /sign-in HTTP/1.1\r\n{HOST}X-A: b\0c\r\n\r\n", (400,)),
    "chunked in HTTP/1.0": (f"POST /sign-in HTTP/1.0\r\n{HOST}{CHUNKED}\r\n0\r\n\r\n", (400,)),
    "a version that is none here": (f"GET /sign-in HTTP/2.0\r\n{HOST}\r\n", (400, 505)),
}
TOO_MUCH = {
    "a hundred and one headers": (
        f"GET /sign-in HTTP/1.1\r\n{HOST}" + "".join(f"X-{n}: 1\r\n" for n in range(101)) + LAST,
        (400, 431),
    ),
    "a header of nine kilobytes": (f"GET /sign-in HTTP/1.1\r\n{HOST}X-A: {'x' * 9000}\r\n{LAST}", (400, 431)),
    "an address of five kilobytes": (f"GET /sign-in?{'x' * 5000} HTTP/1.1\r\n{HOST}{LAST}", (414,)),
}


def statuses(answer: bytes) -> list[int]:
    return [int(status) for status in re.findall(rb"(?:^|\n|>)HTTP/1\.[01] (\d{3})", answer)]


def good(answer: bytes) -> int:
    return sum(200 <= status < 300 for status in statuses(answer))


@pytest.mark.hardening("W-01", "S-29")
@pytest.mark.parametrize("trick", TRICKS)
def test_the_worker_refuses_what_is_ambiguous(server, trick):
    begins, expected = TRICKS[trick]
    answer = exchange(server.port, (begins + HIDDEN).encode(), tls=False)
    assert statuses(answer)[0] in expected, answer
    assert len(statuses(answer)) == 1, "nothing after it is read"


@pytest.mark.hardening("W-01", "S-29")
@pytest.mark.parametrize("trick", TRICKS)
def test_nothing_is_smuggled_through_the_chain(way, trick):
    begins, _ = TRICKS[trick]
    answer = exchange(way, (begins + HIDDEN).encode())
    assert good(answer) <= 1, answer
    assert all(status < 500 or status in (501, 505) for status in statuses(answer))


def test_two_plain_requests_on_one_connection_are_both_answered(way):
    first = f"GET /sign-in HTTP/1.1\r\n{HOST}\r\n"
    assert statuses(exchange(way, (first + HIDDEN).encode())) == [200, 200]


@pytest.mark.hardening("L-14")
@pytest.mark.parametrize("what", TOO_MUCH)
def test_too_much_is_refused_wherever_it_is_read(way, server, what):
    request, expected = TOO_MUCH[what]
    assert statuses(exchange(server.port, request.encode(), tls=False))[0] in expected
    assert statuses(exchange(way, request.encode()))[0] in (*expected, 414)


@pytest.mark.hardening("W-01")
def test_a_length_that_lies_over_http_2_reaches_nobody(way):
    said = curl(
        way, "/sign-in?lies", "--include", "--header", "Content-Length: 3", "--data", "email=too+long+for+three"
    )
    assert "HTTP/2 2" not in said
    assert curl(way, "/sign-in", "--include").startswith("HTTP/2 200"), "the next one is not harmed"


PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\x04\0\0\0\0\0"


def literal(name: bytes, value: bytes) -> bytes:
    """A header field without any table (RFC 7541, 6.2.2), both parts shorter than 127 bytes."""
    return b"\0" + bytes([len(name)]) + name + bytes([len(value)]) + value


def frame(headers: list[tuple[bytes, bytes]]) -> bytes:
    """One request that ends with its header (RFC 9113, 6.2)."""
    block = b"".join(literal(*header) for header in headers)
    return len(block).to_bytes(3, "big") + b"\x01\x05\0\0\0\x01" + block


PLAIN = [(b":method", b"GET"), (b":scheme", b"https"), (b":authority", NAME.encode())]
DOWNGRADES = {
    "a line break in a value": [*PLAIN, (b":path", b"/h2-a"), (b"x-a", b"b\r\nx-evil: c")],
    "a whole request in a value": [*PLAIN, (b":path", b"/h2-b"), (b"x-a", f"b\r\n\r\n{HIDDEN}"[:120].encode())],
    "a line break in a name": [*PLAIN, (b":path", b"/h2-c"), (b"x-a: b\r\nx-evil", b"c")],
    "a request in the path": [*PLAIN, (b":path", b"/h2-d HTTP/1.1\r\nhost: evil\r\n\r\n")],
    "a space in the path": [*PLAIN, (b":path", b"/h2-e HTTP/1.1")],
    "a coding": [*PLAIN, (b":path", b"/h2-f"), (b"transfer-encoding", b"chunked")],
    "a capital letter": [*PLAIN, (b":path", b"/h2-g"), (b"X-A", b"b")],
    "two paths": [*PLAIN, (b":path", b"/h2-h"), (b":path", b"/h2-h2")],
}


def http_2(port: int, headers) -> bytes:
    context = ssl._create_unverified_context()
    context.set_alpn_protocols(["h2"])
    answer = b""
    with context.wrap_socket(socket.create_connection(("127.0.0.1", port), 2), server_hostname=NAME) as line:
        line.sendall(PREFACE + frame(headers))
        try:
            while part := line.recv(65_536):
                answer += part
                if ended(answer):
                    break
        except (TimeoutError, ConnectionResetError, ssl.SSLError):
            pass
    return answer


def ended(answer: bytes) -> bool:
    """Whether the stream was reset, the connection given up, or the answer is whole."""
    return any(kind in (3, 7) or (kind in (0, 1) and flags & 1) for kind, flags, _ in frames(answer))


def frames(answer: bytes):
    while len(answer) >= 9:
        size = int.from_bytes(answer[:3], "big")
        yield answer[3], answer[4], answer[9 : 9 + size]
        answer = answer[9 + size :]


@pytest.mark.hardening("W-01")
@pytest.mark.parametrize("trick", DOWNGRADES)
def test_http_2_cannot_carry_what_would_be_two_requests_in_http_1(way, chain, trick):
    before = len(chain.access_log.read_text())
    http_2(way, DOWNGRADES[trick])
    seen = chain.access_log.read_text()[before:]
    assert "evil" not in seen
    assert "hidden" not in seen
    assert not re.search(r'"GET /h2-\w+" 200', seen)
    assert curl(way, "/sign-in", "--include").startswith("HTTP/2 200")


def test_an_honest_http_2_request_of_the_same_making_is_answered(way):
    answer = http_2(way, [*PLAIN, (b":path", b"/sign-in")])
    assert b"Sign in" in answer or any(kind == 1 for kind, _, _ in frames(answer))
