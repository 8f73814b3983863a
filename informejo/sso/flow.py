"""The code flow of OpenID Connect: the way to the provider, and what it says when somebody comes back from there."""

import re
import secrets
from datetime import datetime
from typing import NamedTuple

from authlib.common.errors import AuthlibBaseError
from authlib.common.urls import add_params_to_uri
from authlib.integrations.requests_client import OAuth2Session
from requests import RequestException

from informejo.sso import discovery, tokens
from informejo.sso.asking import RUBBISH, Trouble
from informejo.sso.claims import Told, told
from informejo.sso.discovery import Endpoints
from informejo.sso.providers import Provider
from informejo.sso.tokens import Untrue

LONGEST_HINT = 3_000  # characters
_WORD = re.compile(r"[a-z_]{1,40}")


class Secrets(NamedTuple):
    """What is made for one sign-in: `nonce` comes back in the token, `verifier` (RFC 7636) goes with the code."""

    nonce: str
    verifier: str


class Returned(NamedTuple):
    """Who has come back, and the token that says so, which the provider wants to sign them out again."""

    told: Told
    id_token: str
    since: float | None  # when they showed there who they are, as a Unix time, where the provider says it
    sid: str  # what their sign-in is called there, empty where the provider does not say it
    has_second: bool  # the provider has asked for a second factor, and its word is taken for that

    def is_fresh(self, begun: datetime) -> bool:
        """Whether they showed there who they are after they had `begun` here: where nothing is said, nobody knows."""
        return self.since is not None and self.since > begun.timestamp() - tokens.LEEWAY


def new_secrets() -> Secrets:
    """Secrets for one sign-in."""
    return Secrets(secrets.token_urlsafe(32), secrets.token_urlsafe(48))


def way_there(provider: Provider, made: Secrets, *, state: str, back: str, again: bool) -> str:
    """The address at the provider where somebody signs in, and from there comes `back`. Raises Trouble.

    `again`: also those who are signed in there have to show who they are.
    """
    places = discovery.endpoints(provider)
    asked = {"nonce": made.nonce, "prompt": "login", "max_age": 0} if again else {"nonce": made.nonce}
    with _client(provider, places, back) as client:
        address, _ = client.create_authorization_url(places.authorization, state, made.verifier, **asked)
    return address


def names_itself(provider: Provider) -> bool:
    """Whether the provider says who it is when it sends somebody back. Raises Trouble."""
    return discovery.endpoints(provider).names_itself


def returned(provider: Provider, made: Secrets, *, code: str, back: str) -> Returned:
    """Who signed in at the provider, by the code they came back with. Raises Trouble, Untrue."""
    places = discovery.endpoints(provider)
    given = _redeem(provider, places, made, code, back)
    access_token, id_token = given.get("access_token"), given.get("id_token")
    access_token = access_token if isinstance(access_token, str) else ""
    claims = tokens.check(provider, id_token, nonce=made.nonce, access_token=access_token)
    signed = claims  # nothing else was looked at closely
    if places.userinfo and access_token:
        claims = _with_userinfo(places, access_token, claims)
    sid = signed.get("sid") if tokens.is_name(signed.get("sid")) else ""
    return Returned(told(provider, claims), id_token, signed.get("auth_time"), sid, _has_second(provider, signed))


def way_out(provider: Provider, leave: str, id_token: str, back: str) -> str:
    """The address at the provider, beginning with `leave`, where somebody is signed out (RP-Initiated Logout, 2).

    The token goes along as long as every server takes an address of that length.
    """
    fields = {"post_logout_redirect_uri": back, "client_id": provider.client_id}
    if id_token and len(id_token) <= LONGEST_HINT:
        fields["id_token_hint"] = id_token
    return add_params_to_uri(leave, list(fields.items()))


def word_of(error: object) -> str:
    """A provider's code of an error, where it is one, and nothing else that somebody may have put there."""
    return error if isinstance(error, str) and _WORD.fullmatch(error) else "error"


def _has_second(provider: Provider, claims: dict) -> bool:
    """Whether they had to show a second factor there, in the words of the setting (RFC 8176; Core, 2)."""
    ways = claims.get("amr")
    said = [*(ways if isinstance(ways, list) else ()), claims.get("acr")]
    return any(isinstance(word, str) and word in provider.mfa for word in said)


def _redeem(provider: Provider, places: Endpoints, made: Secrets, code: str, back: str) -> dict:
    with _client(provider, places, back) as client:
        try:
            return client.fetch_token(places.token, code=code, code_verifier=made.verifier)
        except AuthlibBaseError as refused:
            raise Trouble(f"it refuses the code: {word_of(refused.error)}") from refused
        except (RequestException, *RUBBISH) as error:
            raise Trouble("its answer cannot be understood") from error


def _with_userinfo(places: Endpoints, access_token: str, claims: dict) -> dict:
    """Some tell names and roles here alone. What the signed token says goes before it."""
    more = discovery.ask(places.userinfo, access_token)
    if more.get("sub") != claims["sub"]:  # OpenID Connect Core, 5.3.2
        raise Untrue("userinfo is somebody else's")
    return more | claims


def _client(provider: Provider, places: Endpoints, back: str) -> OAuth2Session:
    return discovery.session(
        OAuth2Session,
        client_id=provider.client_id,
        client_secret=provider.client_secret,
        token_endpoint_auth_method="client_secret_basic" if places.takes_basic else "client_secret_post",
        scope=provider.scopes,
        redirect_uri=back,
        code_challenge_method="S256",
    )
