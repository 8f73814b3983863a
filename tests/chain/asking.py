"""Requests as raw as a test needs them: from any loopback address, with TLS or without, byte by byte if need be."""

import http.client
import socket
import ssl
import subprocess
from functools import cache
from urllib.parse import urlencode

from tests.chain.chain import NAME

FORM = {"Content-Type": "application/x-www-form-urlencoded", "Sec-Fetch-Site": "same-origin"}


def connect(port: int, source: str = "127.0.0.1", *, tls: bool = True, timeout: float = 10) -> socket.socket:
    """A connection to a port of the chain, from one of the many loopback addresses."""
    plain = socket.create_connection(("127.0.0.1", port), timeout, (source, 0))
    return _tls().wrap_socket(plain, server_hostname=NAME) if tls else plain


def ask(port: int, path: str, *, headers=None, form=None, body: bytes = b"", **how) -> http.client.HTTPResponse:
    """One request on a connection of its own: a POST if it brings something. The answer's body is its `content`."""
    fields = {"Host": NAME} | (headers or {})
    if form is not None:
        body, fields = urlencode(form).encode(), FORM | fields
    connection = http.client.HTTPConnection(NAME)
    connection.sock = connect(port, **how)
    connection.putrequest("POST" if body else "GET", path, skip_host=True, skip_accept_encoding=True)
    for name, value in (fields | ({"Content-Length": str(len(body))} if body else {})).items():
        connection.putheader(name, value)
    connection.endheaders(body or None)
    answer = connection.getresponse()
    answer.content = answer.read()
    connection.close()
    return answer


def exchange(port: int, raw: bytes, *, tls: bool = True, timeout: float = 3) -> bytes:
    """Send exactly these bytes, and read whatever comes until the other side is silent or gone."""
    answer = b""
    with connect(port, tls=tls, timeout=timeout) as line:
        line.sendall(raw)
        try:
            while part := line.recv(65_536):
                answer += part
        except (TimeoutError, ConnectionResetError, ssl.SSLEOFError):
            pass
    return answer


def curl(port: int, path: str, *options: str) -> str:
    """What curl prints for an address of the chain, over HTTP/2 unless the options say otherwise."""
    to = ["--connect-to", f"{NAME}:443:127.0.0.1:{port}"]
    command = ["curl", "--silent", "--insecure", "--http2", "--max-time", "20", *to, *options, f"https://{NAME}{path}"]
    return subprocess.run(command, capture_output=True, text=True, check=False).stdout


@cache
def _tls() -> ssl.SSLContext:
    context = ssl.SSLContext(
        ssl.PROTOCOL_TLS_CLIENT
    )  # create_default_context() would read all the world's certificates
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context
