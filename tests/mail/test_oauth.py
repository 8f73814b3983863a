"""Mailboxes that are signed in to with OAuth 2: a token that was given is never lost, and its end is foreseen."""

import base64
import json
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from urllib.parse import parse_qs

import pytest
from aiosmtpd.smtp import AuthResult

from informejo import clock, db
from informejo.intake import mailboxes
from informejo.intake.fetching import Fetching
from informejo.mail import oauth
from informejo.mail.actions import queue
from informejo.mail.models import MailWay, OutgoingMail
from informejo.mail.outbox import Outbox
from informejo.mail.words import SENDING, Kind, OutState
from tests.intake.servers import Talking
from tests.mail.sink import Sink, running

ADDRESS = "imaps://help%40example.org@imap.example.org?oauth="
BLOB = b"user=help@example.org\1auth=Bearer access-1\1\1"


class Provider(HTTPServer):
    """Gives tokens for `valid`, and a new refresh token each time; `more` is what it says besides."""

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Answer)
        self.asked, self.valid, self.more, self.given = [], {"first"}, {}, 0
        self.answers = None  # in place of tokens

    def __enter__(self):
        threading.Thread(target=self.serve_forever, args=(0.01,), daemon=True).start()
        return self

    def __exit__(self, *_):
        self.shutdown()
        self.server_close()

    def answer(self, fields: dict[str, str]) -> tuple[int, bytes]:
        self.asked.append(fields)
        if self.answers:
            return self.answers
        if fields["refresh_token"] not in self.valid:
            told = {"error": "invalid_grant", "error_description": "AADSTS70008: The token has expired.\r\nTrace: 1"}
            return 400, json.dumps(told).encode()
        self.given += 1
        given = {"access_token": f"access-{self.given}", "expires_in": 3600, "refresh_token": f"next-{self.given}"}
        self.valid.add(given["refresh_token"])
        return 200, json.dumps(given | self.more).encode()


class _Answer(BaseHTTPRequestHandler):
    def do_POST(self):
        body = self.rfile.read(int(self.headers["Content-Length"])).decode()
        status, answer = self.server.answer({name: value for name, [value] in parse_qs(body).items()})
        self.send_response(status)
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_):
        pass


@pytest.fixture
def provider(app, monkeypatch):
    app.config |= {"OAUTH_CLIENT_ID": "desk", "OAUTH_CLIENT_SECRET": "hush", "OAUTH_REFRESH_TOKEN": "first"}
    oauth._tokens.clear()
    with Provider() as provider:
        address = f"http://127.0.0.1:{provider.server_port}/{{tenant}}"
        monkeypatch.setattr(oauth, "ENDPOINTS", {"google": address, "microsoft": address})
        yield provider


@pytest.fixture
def google(app, provider):
    return box_of(app, "google")


@pytest.fixture
def microsoft(app, provider):
    return box_of(app, "microsoft")


def box_of(app, name: str) -> mailboxes.Mailbox:
    app.config["MAILBOXES"] = ADDRESS + name
    return mailboxes.read(app.config)[0]


def kept(box) -> MailWay:
    db.session.rollback()
    return db.session.get(MailWay, box.name)


def test_the_first_token_is_that_of_the_settings_and_later_the_newest_that_was_given(app, provider, google):
    for _ in range(3):
        oauth.access_token(google.name, "google", app.config)
        oauth.forget(google.name)
    assert [fields["refresh_token"] for fields in provider.asked] == ["first", "next-1", "next-2"]
    assert kept(google).refresh_token == "next-3"


def test_it_is_asked_for_as_the_standard_says(app, provider, microsoft):
    assert oauth.access_token(microsoft.name, "microsoft", app.config) == "access-1"
    assert provider.asked == [
        {
            "grant_type": "refresh_token",
            "refresh_token": "first",
            "client_id": "desk",
            "client_secret": "hush",
            "scope": "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
        }
    ]


def test_a_provider_that_gives_no_new_refresh_token_keeps_the_old_one_in_force(app, provider, google):
    provider.more = {"refresh_token": None}
    oauth.access_token(google.name, "google", app.config)
    assert kept(google).refresh_token == "first"


def test_an_access_token_is_used_as_long_as_it_is_good(app, provider, google, monkeypatch):
    assert {oauth.access_token(google.name, "google", app.config) for _ in range(3)} == {"access-1"}
    monkeypatch.setattr(oauth, "EARLY", 3600)
    oauth.forget(google.name)
    assert [oauth.access_token(google.name, "google", app.config) for _ in range(2)] == ["access-2", "access-3"]


def test_the_new_refresh_token_is_committed_before_the_access_token_is_used(app, provider, google, monkeypatch):
    def fail():
        raise OSError("the disk is full")

    monkeypatch.setattr(db, "commit", fail)
    with pytest.raises(OSError, match="full"):
        oauth.access_token(google.name, "google", app.config)
    assert google.name not in oauth._tokens


@pytest.mark.parametrize(
    ("name", "more", "days"),
    [
        ("microsoft", {}, 90),
        ("microsoft", {"refresh_token_expires_in": 86_400}, 1),
        ("google", {"refresh_token_expires_in": 604_800}, 7),
        ("google", {}, None),
    ],
)
def test_the_end_of_a_token_is_known_where_somebody_says_it(app, provider, name, more, days):
    provider.more, box = more, box_of(app, name)
    now = clock.now()
    with clock.at(now):
        oauth.access_token(box.name, box.provider, app.config)
    assert kept(box).token_expires_at == (now + timedelta(days=days) if days else None)


def test_a_newer_token_in_the_settings_helps_when_the_kept_one_is_void(app, provider, google):
    oauth.access_token(google.name, "google", app.config)
    oauth.forget(google.name)
    provider.valid = {"a new one"}
    app.config["OAUTH_REFRESH_TOKEN"] = "a new one"
    assert oauth.access_token(google.name, "google", app.config) == "access-2"
    assert [fields["refresh_token"] for fields in provider.asked] == ["first", "next-1", "a new one"]


def test_a_refusal_is_told_in_the_providers_own_words(app, provider, google):
    provider.valid = set()
    with pytest.raises(oauth.NoToken) as refused:
        oauth.access_token(google.name, "google", app.config)
    assert str(refused.value) == "400 invalid_grant: AADSTS70008: The token has expired. Trace: 1"


@pytest.mark.parametrize("answer", [(500, b"<html>"), (200, b"[]"), (200, b"nonsense"), (200, b"{}"), (403, b"[1]")])
def test_nonsense_is_no_token(app, provider, google, answer):
    provider.answers = answer
    with pytest.raises(oauth.NoToken) as refused:
        oauth.access_token(google.name, "google", app.config)
    assert not [secret for secret in ("first", "hush") if secret in str(refused.value)]
    assert kept(google) is None


def test_a_provider_that_is_not_there_is_told(app, provider, google, monkeypatch):
    monkeypatch.setattr(oauth, "ENDPOINTS", {"google": "http://127.0.0.1:9/"})
    with pytest.raises(oauth.NoToken, match="Connection refused"):
        oauth.access_token(google.name, "google", app.config)


@pytest.mark.parametrize("is_taken", [True, False])
def test_the_mailbox_is_signed_in_to_with_it(app, provider, google, is_taken):
    """XOAUTH2, as both providers have it: a refusal is a question that has to be answered with nothing."""
    refusal = base64.b64encode(b'{"status":"400"}')
    with Talking(is_taken=is_taken, refusal=refusal) as server:
        Fetching().fetch(google._replace(host="127.0.0.1", port=server.port, tls=False))
    assert base64.b64decode(server.heard[2]) == BLOB
    way = db.session.scalar(db.alchemy.select(MailWay).where(MailWay.failing_since.is_not(None)))
    if is_taken:
        assert server.heard[3].endswith(b'SELECT "INBOX"')
    else:
        assert server.heard[3] == b""
        assert "invalid credentials" in way.error
        assert google._replace(host="127.0.0.1").name not in oauth._tokens


class Careful(Sink):
    """A server that knows XOAUTH2; `told` is what was said to it."""

    def __init__(self, is_right: bool):
        super().__init__()
        self.is_right, self.told = is_right, []

    async def auth_XOAUTH2(self, server, words):  # noqa: N802 - aiosmtpd's
        self.told.append(base64.b64decode(words[1]))
        if self.is_right:
            return AuthResult(success=True, handled=False)
        refusal = await server.challenge_auth(b'{"status":"400"}')
        self.told.append(refusal)
        return AuthResult(success=False, handled=False, message="535 5.7.3 Authentication unsuccessful")


@pytest.mark.parametrize("is_right", [True, False])
@pytest.mark.usefixtures("provider")
def test_the_server_that_sends_is_signed_in_to_with_a_token_too(app, is_right):
    with running(Careful(is_right), auth_require_tls=False) as sink:
        here = {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": sink.port, "SMTP_SECURITY": "none"}
        app.config |= here | {"SMTP_USER": "help@example.org", "SMTP_OAUTH": "microsoft", "MAIL_FROM": "help@x.example"}
        queue(Kind.CHECK, "help@example.org")
        db.commit()
        Outbox().send_due()
        [sent] = db.session.query(OutgoingMail)
    assert sink.told[0] == BLOB
    way = db.session.get(MailWay, SENDING)
    assert way.refresh_token == "next-1"
    if is_right:
        assert sent.state == OutState.SENT
        assert sink.to == ["help@example.org"]
    else:
        assert sink.told[1] == b""
        assert sent.state == OutState.WAITING
        assert way.error.startswith("535 5.7.3")
        assert SENDING not in oauth._tokens


@pytest.mark.parametrize(
    "settings", [{"SMTP_OAUTH": "yahoo", "SMTP_USER": "help"}, {"SMTP_OAUTH": "google", "SMTP_USER": ""}]
)
def test_a_mistake_about_tokens_is_told_as_one_of_the_server_that_sends(app, provider, settings):
    app.config |= {"SMTP_HOST": "127.0.0.1", "MAIL_FROM": "help@example.org"} | settings
    Outbox().send_due()
    assert "SMTP_OAUTH" in db.session.get(MailWay, SENDING).error
    assert not provider.asked
