"""A client that opens the probe the way browsers open a stream, through PUBLIC_URL, and notes when what arrives."""

import http.client
import json
import re
import ssl
import time
from datetime import UTC, datetime
from email.message import Message
from http.client import HTTPConnection, HTTPException, HTTPSConnection
from typing import NamedTuple
from urllib.parse import SplitResult

from informejo.doctor.checks import reason
from informejo.offload import offload

MARKS, SPACING = 3, 0.3  # so many, so many seconds apart
LONG_SECONDS = 70  # longer than the 60 s after which most proxies cut what is silent
WRONG = {
    10: "expired",
    18: "The certificate is self-signed.",
    19: "The certificate is self-signed.",
    20: "The certificate's issuer is not known here.",
    62: "The certificate is for another name than PUBLIC_URL's.",
    64: "The certificate is for another name than PUBLIC_URL's.",
}


class Heard(NamedTuple):
    """What came back. `first` and `lasted` in seconds; `arrivals` are when each mark came; `seen` what the app saw."""

    error: str = ""
    status: int = 0
    is_stream: bool = False
    encoding: str = ""
    first: float = 0
    lasted: float = 0
    arrivals: tuple[float, ...] = ()
    beats: int = 0
    seen: dict | None = None

    @property
    def marks(self) -> int:
        return len(self.arrivals)

    @property
    def is_bunched(self) -> bool:
        """Whether the marks came together, though they were sent apart."""
        return self.marks == MARKS and self.arrivals[-1] - self.arrivals[0] < SPACING * (MARKS - 1) / 2


def listen(url: SplitResult, token: str, marks: int, patience: float, long: bool = False) -> Heard:
    """Open the probe and read until so many marks have come, or as `long` until it ends. It never raises."""
    started = time.monotonic()
    connection = _connect(url, patience if not long else 20, verify=False)
    headers = {"Authorization": f"Bearer {token}", "Accept": "text/event-stream", "Accept-Encoding": "gzip, br"}
    try:
        connection.request(
            "GET", url.path.rstrip("/") + ("/live/probe?long=yes" if long else "/live/probe"), headers=headers
        )
        response = connection.getresponse()
        if response.status != 200 or response.headers.get_content_type() != "text/event-stream":
            return Heard(status=response.status)
        return _read(response, started, None if long else marks, started + (LONG_SECONDS + 10 if long else patience))
    except (OSError, HTTPException) as error:
        return Heard(error=reason(error))
    finally:
        connection.close()


def head(url: SplitResult, patience: float) -> Message:
    """The headers of the front door's answer. Raises OSError."""
    connection = _connect(url, patience, verify=False)
    try:
        connection.request("HEAD", url.path.rstrip("/") + "/sign-in")
        return connection.getresponse().headers
    except HTTPException as error:
        raise ConnectionError(0, type(error).__name__) from None
    finally:
        connection.close()


def certificate(url: SplitResult, patience: float) -> tuple[datetime | None, str]:
    """When the certificate ends, or what is wrong with it: `expired`, or a sentence. Raises OSError."""
    connection = _connect(url, patience, verify=True)
    try:
        connection.connect()
        ends = ssl.cert_time_to_seconds(connection.sock.getpeercert()["notAfter"])
        return datetime.fromtimestamp(ends, UTC), ""
    except ssl.SSLCertVerificationError as error:
        return None, WRONG.get(error.verify_code, "The certificate cannot be verified.")
    finally:
        connection.close()


def metrics(settings: dict, patience: float) -> str:
    """What the server at HOST and PORT measures, empty when it does not say."""
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(settings["HOST"], settings["HOST"])  # noqa: S104 - asked, not bound
    token = settings["METRICS_TOKEN"]
    connection = HTTPConnection(host, settings["PORT"], timeout=patience)
    try:
        connection.request("GET", "/metrics", headers={"Authorization": f"Bearer {token}"} if token else {})
        response = connection.getresponse()
        return response.read().decode("utf-8", "replace") if response.status == 200 else ""
    except (OSError, HTTPException):
        return ""
    finally:
        connection.close()


def measured(settings: dict, patience: float, name: str) -> float | None:
    """One figure of that server by its name in /metrics, None when it does not say."""
    found = re.search(rf"^{name} (\S+)$", metrics(settings, patience), re.MULTILINE)
    return float(found[1]) if found else None


def host_of(url: SplitResult) -> str:
    """What a browser sends as Host: the port only where it is not the scheme's own."""
    usual = {"http": 80, "https": 443}.get(url.scheme)
    return url.netloc.removesuffix(f":{usual}").rpartition("@")[2]


def plain_netloc(url: SplitResult) -> str:
    """The same host, on the port of plain http."""
    return url.netloc.removesuffix(":443")


def _connect(url: SplitResult, patience: float, verify: bool) -> HTTPConnection:
    if url.scheme != "https":
        return HTTPConnection(url.hostname, url.port or 80, timeout=patience)
    # Reading all authorities takes 30 ms: beside the loop, and only for the check of what the certificate is worth.
    context = offload(ssl.create_default_context) if verify else _trusting()
    return HTTPSConnection(url.hostname, url.port or 443, timeout=patience, context=context)


def _trusting() -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE  # the token opens nothing but the probe, once
    return context


def _read(response: http.client.HTTPResponse, started: float, marks: int | None, deadline: float) -> Heard:
    text, arrivals, first = b"", [], None
    encoding = response.headers.get("Content-Encoding", "").replace("identity", "")
    try:
        while time.monotonic() < deadline and (marks is None or len(arrivals) < marks):
            piece = response.read1(65_536)
            if not piece:
                break
            first, text = first or time.monotonic() - started, text + piece
            new = len(re.findall(rb"^event: mark\n", text, re.MULTILINE)) - len(arrivals)
            arrivals += [time.monotonic() - started] * new
    except (OSError, HTTPException):
        pass  # it was cut: what had come by then tells
    return Heard(
        status=200,
        is_stream=True,
        encoding=encoding,
        first=first or 0,
        lasted=time.monotonic() - started,
        arrivals=tuple(arrivals),
        beats=text.count(b"event: beat\n"),
        seen=_seen(text),
    )


def _seen(text: bytes) -> dict | None:
    found = re.search(rb"^data: (\{.*\})$", text, re.MULTILINE)
    return json.loads(found[1]) if found else None
