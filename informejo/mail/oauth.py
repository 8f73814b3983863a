"""OAuth 2 at Google and Microsoft: access tokens, by a refresh token that is never lost (RFC 6749, 6)."""

import json
import time
from collections.abc import Mapping
from datetime import timedelta
from typing import NamedTuple
from urllib.error import HTTPError
from urllib.parse import urlencode
from urllib.request import Request, urlopen

from informejo import clock, db
from informejo.mail import way_actions
from informejo.mail.models import MailWay

STEP_SECONDS = 30
MOST_BYTES = 65_536  # of an answer
EARLY = 60  # seconds before an access token ends from which on it is not used any more
ENDPOINTS = {
    "google": "https://oauth2.googleapis.com/token",
    "microsoft": "https://login.microsoftonline.com/{tenant}/oauth2/v2.0/token",
}
SCOPES = {  # Google asks for none here: what was granted at first holds
    ("microsoft", True): "https://outlook.office.com/SMTP.Send offline_access",
    ("microsoft", False): "https://outlook.office.com/IMAP.AccessAsUser.All offline_access",
}
# Microsoft does not say when a refresh token ends: 90 days after it was given out, and each use gives out a new one.
LASTS = {"microsoft": timedelta(days=90)}
# By the name of the way: the access token, and until when, on the monotonic clock.
_tokens: dict[str, tuple[str, float]] = {}


class NoToken(Exception):
    """There is no access token; the message is why, in the provider's own words, without secrets."""


class _Given(NamedTuple):
    """What the provider gave; `lasts` is how long the refresh token does, None where nobody says."""

    access: str
    seconds: float
    refresh: str
    lasts: timedelta | None


def access_token(name: str, provider: str, settings: Mapping, sends: bool = False) -> str:
    """What opens the way of that name now: a mailbox, or what `sends`.

    A new refresh token is committed before anybody uses what came with it. Raises NoToken.
    """
    token, until = _tokens.get(name, ("", 0))
    if token and time.monotonic() < until:
        return token
    scope = SCOPES.get((provider, sends), "")
    given = _ask_with_each(name, provider, scope, settings)
    expires_at = clock.now() + given.lasts if given.lasts else None
    way_actions.keep_token(name, given.refresh, expires_at)
    db.commit()
    db.session.remove()
    _tokens[name] = given.access, time.monotonic() + given.seconds - EARLY
    return given.access


def forget(name: str):
    """The access token may have been refused: ask for another one next time."""
    _tokens.pop(name, None)


def _ask_with_each(name: str, provider: str, scope: str, settings: Mapping) -> _Given:
    """With the token that was kept, and where that one is void, with the one of the settings: it may be newer."""
    way = db.session.get(MailWay, name)
    first = settings["OAUTH_REFRESH_TOKEN"]
    refresh_tokens = list(dict.fromkeys(filter(None, (way and way.refresh_token, first))))
    db.session.remove()  # the provider may take its time
    for last, token in zip([False] * (len(refresh_tokens) - 1) + [True], refresh_tokens, strict=True):
        try:
            return _ask(provider, scope, settings, token)
        except _Void as refused:
            if last:
                raise NoToken(str(refused)) from None
    raise NoToken("OAUTH_REFRESH_TOKEN is empty.")


class _Void(NoToken):
    """This refresh token is not valid any more; another one may be."""


def _ask(provider: str, scope: str, settings: Mapping, refresh_token: str) -> _Given:
    fields = {
        "grant_type": "refresh_token",
        "refresh_token": refresh_token,
        "client_id": settings["OAUTH_CLIENT_ID"],
        "client_secret": settings["OAUTH_CLIENT_SECRET"],
        "scope": scope,
    }
    body = urlencode({name: value for name, value in fields.items() if value}).encode()
    address = ENDPOINTS[provider].format(tenant=settings["OAUTH_TENANT"])
    try:
        with urlopen(Request(address, body), timeout=STEP_SECONDS) as answer:  # noqa: S310 - out of ENDPOINTS
            return _read(provider, json.loads(answer.read(MOST_BYTES)), refresh_token)
    except HTTPError as error:
        raise _refusal(error) from None
    except (OSError, ValueError, LookupError, TypeError, AttributeError) as error:
        reason = getattr(error, "reason", None) or error
        raise NoToken(f"{provider}: {getattr(reason, 'strerror', None) or type(reason).__name__}") from None


def _read(provider: str, told: dict, before: str) -> _Given:
    seconds = told.get("refresh_token_expires_in")
    return _Given(
        access=told["access_token"],
        seconds=float(told.get("expires_in", 0)),
        refresh=told.get("refresh_token") or before,
        lasts=timedelta(seconds=float(seconds)) if seconds else LASTS.get(provider),
    )


def _refusal(error: HTTPError) -> NoToken:
    try:
        with error:
            told = json.loads(error.read(MOST_BYTES))
        code, words = told.get("error", ""), told.get("error_description", "")
    except (OSError, ValueError, AttributeError):
        code, words = "", ""
    said = " ".join(f"{error.code} {code}: {words or error.reason}".split())
    return (_Void if code == "invalid_grant" else NoToken)(said)
