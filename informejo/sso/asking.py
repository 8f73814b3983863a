"""Asking a provider over HTTP: one try, no redirect, and limits on time and size."""

import time

from requests import PreparedRequest, RequestException, Response
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

STEP_SECONDS = 5  # to connect, and from one piece of an answer to the next
ALL_SECONDS = 10  # for the whole answer
MOST_BYTES = 262_144  # Keycloak's keys with their certificates take a tenth of it
# What libraries raise over something that is not as it should be.
RUBBISH = (ValueError, TypeError, LookupError, AttributeError, RecursionError)


class Trouble(Exception):
    """The provider did not answer as it should. The message says how, and holds no secret and nothing it sent."""


class Careful(HTTPAdapter):
    """Sends each request of a session so."""

    def send(self, request: PreparedRequest, **options) -> Response:
        request.headers["Accept-Encoding"] = "identity"  # a small answer could be unpacked to a very large one
        try:
            answer = super().send(request, **options | {"timeout": STEP_SECONDS, "stream": True})
            return _read(answer)
        except (RequestException, HTTPError, OSError) as error:
            raise Trouble(_how(error)) from error


def _read(answer: Response) -> Response:
    """The answer with its whole body, which is then read no more."""
    with answer:
        if answer.is_redirect:
            raise Trouble("it sends this desk on to another address")
        if answer.headers.get("Content-Encoding", "identity") != "identity":
            raise Trouble("its answer is packed, which nobody asked for")
        answer._content, answer._content_consumed = _body(answer), True
    return answer


def _body(answer: Response) -> bytes:
    body, end = b"", time.monotonic() + ALL_SECONDS
    while piece := answer.raw.read1(MOST_BYTES, decode_content=False):
        body += piece
        if len(body) > MOST_BYTES:
            raise Trouble("its answer is far too long")
        if time.monotonic() > end:
            raise Trouble("its answer takes too long")
    return body


def _how(error: Exception) -> str:
    words = f"{type(error).__name__} {error}".lower()
    if "timeout" in words or "timed out" in words:
        return "it does not answer in time"
    if "certificate" in words or "ssl" in words:
        return "its certificate is not one that this machine trusts"
    return "it cannot be reached"
