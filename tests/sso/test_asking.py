"""What is taken from a provider, and what is said where it is not; without a network."""

import io

import pytest
from requests import PreparedRequest, Response, Session
from requests.adapters import HTTPAdapter
from requests.exceptions import ConnectionError as NoConnection, ReadTimeout, SSLError
from urllib3.exceptions import ProtocolError
from urllib3.response import HTTPResponse

from informejo.sso import asking, discovery
from informejo.sso.asking import Careful, Trouble

MOST = 262_144  # bytes


def answer(body: bytes = b"{}", status: int = 200, **headers) -> Response:
    answer = Response()
    answer.status_code, answer.raw = status, HTTPResponse(io.BytesIO(body), preload_content=False)
    answer.headers.update({name.replace("_", "-"): value for name, value in headers.items()})
    return answer


@pytest.fixture
def sent(monkeypatch):
    """`sent(given)` is what Careful makes of it: an answer, or an error that is raised; `sent.asked` what was asked."""

    def send(_, request, **options):
        sent.asked = request.headers, options
        if isinstance(sent.given, Exception):
            raise sent.given
        return sent.given

    def sent(given) -> Response:
        sent.given, request = given, PreparedRequest()
        request.prepare("GET", "https://idp.example.org", headers={"Accept-Encoding": "gzip"})
        return Careful().send(request, timeout=None, stream=False, verify=True)

    monkeypatch.setattr(HTTPAdapter, "send", send)
    return sent


def test_one_answer_is_read_whole_within_limits_and_asked_for_unpacked(sent):
    got = sent(answer(b"[1]"))
    assert (got.content, got.json()) == (b"[1]", [1])
    assert sent.asked[0]["Accept-Encoding"] == "identity"
    assert sent.asked[1] == {"timeout": 5, "stream": True, "verify": True}
    assert len(sent(answer(b"x" * MOST, Content_Encoding="identity")).content) == MOST


@pytest.mark.hardening("H-14")
@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        (answer(b"x" * (MOST + 1)), "far too long"),
        (answer(status=302, Location="https://inside.example"), "on to another address"),
        (answer(Content_Encoding="gzip"), "packed"),
        (ReadTimeout(), "does not answer in time"),
        (NoConnection("Connection timed out."), "does not answer in time"),
        (SSLError("wrong"), "certificate"),
        (NoConnection("CERTIFICATE_VERIFY_FAILED"), "certificate"),
        (NoConnection("refused"), "cannot be reached"),
        (ProtocolError("broken"), "cannot be reached"),
        (OSError("no route"), "cannot be reached"),
    ],
)
def test_what_is_wrong_with_an_answer_is_said_in_words_of_ours(sent, given, sentence):
    with pytest.raises(Trouble, match=sentence) as trouble:
        sent(given)
    assert "inside" not in str(trouble.value)


def test_an_answer_in_small_pieces_has_ten_seconds(sent, monkeypatch):
    class Slow(HTTPResponse):
        """Ten bytes, and a second for each."""

        def read1(self, most, decode_content):
            assert (most, decode_content) == (MOST, False)
            clock[0] += 1
            return super().read1(1, decode_content=decode_content)

    for lasts, whole in ((10, True), (11, False)):
        clock, given = [100.0], answer()
        monkeypatch.setattr(asking.time, "monotonic", lambda clock=clock: clock[0])
        given.raw = Slow(io.BytesIO(b"x" * lasts), preload_content=False)
        if whole:
            assert sent(given).content == b"x" * 10
        else:
            with pytest.raises(Trouble, match="takes too long"):
                sent(given)


def test_whoever_asks_says_what_for_and_takes_an_object_alone(sent):
    sent.given = answer(b'{"a": 1}')
    assert discovery.ask("https://idp.example.org/x", "t") == {"a": 1}
    assert (sent.asked[0]["Accept"], sent.asked[0]["Authorization"]) == ("application/json", "Bearer t")
    sent.given = answer(b'{"a": 1}')
    discovery.ask("http://localhost/x")
    assert "Authorization" not in sent.asked[0]
    for given, sentence in ((answer(status=201), "answers with 201"), (answer(status=500), "answers with 500"),
                            (answer(b"[]"), "cannot be understood"), (answer(b"{"), "cannot be understood"),
                            (answer(b"[" * 200_000), "cannot be understood")):  # fmt: skip
        sent.given = given
        with pytest.raises(Trouble, match=sentence):
            discovery.ask("https://idp.example.org/x")
    for address, token in (
        ("https://.example/x", ""),
        ("https://*.example/x", ""),
        ("https://idp.example.org/x", "a\nb"),
    ):
        with pytest.raises(Trouble, match="cannot be asked with"):
            discovery.ask(address, token)
    made = discovery.session(Session)
    assert all(isinstance(made.get_adapter(address), Careful) for address in ("https://a.example", "http://a.example"))
