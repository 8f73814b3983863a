"""What a provider says of itself: where to ask, and the keys it signs with. Kept in the process for an hour."""

import json
import time
from collections.abc import Mapping
from typing import NamedTuple

from joserfc.errors import JoseError
from joserfc.jwk import JWKRegistry, KeySet
from requests import RequestException, Session

from informejo.sso.asking import RUBBISH, Careful, Trouble
from informejo.sso.providers import Provider, is_safe

LASTS = 3600  # seconds
KEYS_EVERY = 60  # seconds at least between two looks for a key that is not known: anybody can invent one
MOST_KEYS = 50
SIGNING = ("RSA", "EC")


class Endpoints(NamedTuple):
    """Where to ask a provider for what; empty where it has no such place."""

    authorization: str
    token: str
    keys: str
    userinfo: str
    end_session: str
    names_itself: bool  # in its answers, which then are refused without it (RFC 9207)
    takes_basic: bool  # the secret in a header, and not among the fields


_endpoints: dict[str, tuple[Endpoints, float]] = {}
_keys: dict[str, tuple[KeySet, float]] = {}


def endpoints(provider: Provider) -> Endpoints:
    """Where this provider is asked. Raises Trouble."""
    found, until = _endpoints.get(provider.issuer, (None, 0))
    if found and time.monotonic() < until:
        return found
    try:
        look_again(provider)
    except Trouble:
        if found is None:
            raise  # else it was so an hour ago: if the provider is down, whatever is asked next will say so
    return _endpoints[provider.issuer][0]


def keys(provider: Provider, id: str | None) -> KeySet:
    """The keys this provider signs with; asked for anew when there is none with that id. Raises Trouble."""
    found, read_at = _keys.get(provider.issuer, (None, 0))
    age = time.monotonic() - read_at
    unknown = id is not None and found and id not in {key.kid for key in found}
    if found and age < LASTS and not (unknown and age > KEYS_EVERY):
        return found
    found = _key_set(ask(endpoints(provider).keys))
    _keys[provider.issuer] = found, time.monotonic()
    return found


def look_again(provider: Provider):
    """Ask the provider what it says of itself, whatever is kept. Raises Trouble."""
    _endpoints[provider.issuer] = _discovered(provider), time.monotonic() + LASTS


def forget():
    """What was kept of all providers."""
    _endpoints.clear()
    _keys.clear()


def session(client=Session, **settings):
    """A session that asks carefully, of requests or of Authlib."""
    made = client(**settings)
    made.mount("https://", Careful())
    made.mount("http://", Careful())
    return made


def ask(address: str, token: str = "") -> dict:
    """The object of JSON that lies at this address, for whoever has that token. Raises Trouble."""
    headers = {"Accept": "application/json"} | ({"Authorization": f"Bearer {token}"} if token else {})
    with session() as asking:
        try:
            answer = asking.get(address, headers=headers)
        except (RequestException, *RUBBISH) as error:  # an address or a token that no request can be made of
            raise Trouble("it tells what cannot be asked with") from error
    if answer.status_code != 200:
        raise Trouble(f"it answers with {answer.status_code}")
    try:
        told = json.loads(answer.content)
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict):
        raise Trouble("its answer cannot be understood")
    return told


def _discovered(provider: Provider) -> Endpoints:
    told = ask(f"{provider.issuer.rstrip('/')}/.well-known/openid-configuration")
    if told.get("issuer") != provider.issuer:
        raise Trouble("it calls itself by another name than SSO_…_ISSUER says")
    methods = told.get("token_endpoint_auth_methods_supported")
    return Endpoints(
        authorization=_address(provider, told, "authorization_endpoint", needed=True),
        token=_address(provider, told, "token_endpoint", needed=True),
        keys=_address(provider, told, "jwks_uri", needed=True),
        userinfo=_address(provider, told, "userinfo_endpoint"),
        end_session=_address(provider, told, "end_session_endpoint"),
        names_itself=told.get("authorization_response_iss_parameter_supported") is True,
        takes_basic=not isinstance(methods, list) or "client_secret_basic" in methods,
    )


def _address(provider: Provider, told: Mapping, name: str, needed: bool = False) -> str:
    address = told.get(name)
    if is_safe(address, beside=provider.issuer):
        return address
    if needed or address:
        raise Trouble(f"its {name} is no address that may be asked")
    return ""


def _key_set(told: Mapping) -> KeySet:
    given = told.get("keys")
    found = [key for each in given[:MOST_KEYS] if (key := _key(each))] if isinstance(given, list) else []
    if not found:
        raise Trouble("it shows no key to check a signature with")
    return KeySet(found)


def _key(given: object):
    """The public key, None where it is not one to check signatures with."""
    if not isinstance(given, dict) or given.get("kty") not in SIGNING or given.get("use", "sig") != "sig":
        return None
    try:
        key = JWKRegistry.import_key(given)
        return None if key.is_private else key
    except (JoseError, ValueError, TypeError, LookupError):
        return None
