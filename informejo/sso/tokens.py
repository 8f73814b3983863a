"""Checking who a provider says has signed in (OpenID Connect Core, 3.1.3.7), or out (Back-Channel Logout, 2.6)."""

import json
from collections.abc import Callable, Mapping
from typing import NamedTuple

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.util import urlsafe_b64decode

from informejo import clock
from informejo.sso import discovery
from informejo.sso.asking import RUBBISH
from informejo.sso.providers import Provider

# Signatures alone that need the provider's private key: never `none`, never HS, whose key would be one that is public.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 60  # seconds by which clocks may differ
LONGEST = 65_536  # characters
LONGEST_SUBJECT = 255  # OpenID Connect Core, 2
LOGOUT = "http://schemas.openid.net/event/backchannel-logout"
LOGOUT_TYPES = (None, "JWT", "logout+jwt")  # Back-Channel Logout, 2.4: the last is right, and older ones say less
LOGOUT_SECONDS = 600  # after which one is too old, and need not be known any more as used


class Untrue(Exception):
    """What came is not what this provider signed for this desk and this sign-in; the message says what is wrong."""


class SignedOut(NamedTuple):
    """Whom a provider has signed out: everywhere, or where their sign-in is called `sid`; one of both may be empty."""

    subject: str
    sid: str
    id: str  # the token's own, which is good once


def check(provider: Provider, token: object, *, nonce: str, access_token: str = "") -> dict:
    """The claims of an id_token that holds in every point. Raises Untrue, or Trouble when there are no keys."""
    claims = _checked(provider, token, lambda read: _validated(provider, read, nonce, access_token))
    if not is_name(claims.get("sub")):
        raise Untrue("it names nobody")
    return claims


def check_logout(provider: Provider, token: object) -> SignedOut:
    """Whom a logout token signs out that holds in every point. Raises Untrue, or Trouble when there are no keys."""
    claims = _checked(provider, token, lambda read: _validated_logout(provider, read))
    named = [claims.get(name, "") for name in ("sub", "sid")]
    if not any(named) or not all(name == "" or is_name(name) for name in named):
        raise Untrue("it names nobody")
    if not is_name(claims["jti"]):
        raise Untrue("it has no id")
    return SignedOut(*named, claims["jti"])


def is_name(name: object) -> bool:
    """Whether a provider can call somebody, or a sign-in, so."""
    return isinstance(name, str) and 0 < len(name) <= LONGEST_SUBJECT and name.isprintable()


def _checked(provider: Provider, token: object, validated: Callable[[jwt.Token], Mapping]) -> dict:
    """The claims that this provider signed. Raises Untrue, or Trouble when there are no keys."""
    if not isinstance(token, str) or len(token) > LONGEST:
        raise Untrue("there is no token")
    try:
        id = _key_id(token)
        keys = discovery.keys(provider, id)
        read = jwt.decode(token, lambda signed: _signing_key(keys, id, signed), algorithms=ALGORITHMS)
        return dict(validated(read))
    except JoseError as error:
        raise Untrue(error.error or "it cannot be read") from error
    except RUBBISH as error:
        raise Untrue("it cannot be read") from error


def _validated(provider: Provider, read: jwt.Token, nonce: str, access_token: str) -> CodeIDToken:
    options = {"iss": {"value": provider.issuer}, "aud": {"value": provider.client_id}}
    known = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token}
    claims = CodeIDToken(read.claims, read.header, options, known)
    claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
    return claims


def _validated_logout(provider: Provider, read: jwt.Token) -> dict:
    now, needed = int(clock.now().timestamp()), {"essential": True}
    known = {"iss": needed | {"value": provider.issuer}, "aud": needed | {"value": provider.client_id}}
    jwt.JWTClaimsRegistry(now, LEEWAY, **known, iat=needed, exp=needed, jti=needed).validate(read.claims)
    happened = read.claims.get("events")
    if not isinstance(happened, Mapping) or not isinstance(happened.get(LOGOUT), Mapping):
        raise Untrue("it tells of no sign-out")
    if "nonce" in read.claims or read.header.get("typ") not in LOGOUT_TYPES:
        raise Untrue("it is a token of another kind")
    if read.claims["iat"] < now - LOGOUT_SECONDS:
        raise Untrue("it is too old")
    return read.claims


def _key_id(token: str) -> str | None:
    """The id of the key, as the token has it: nothing is believed of it before the signature is checked."""
    head = json.loads(urlsafe_b64decode(token.partition(".")[0].encode("ascii")))
    id = head.get("kid") if isinstance(head, Mapping) else None
    return id if isinstance(id, str) else None


def _signing_key(keys: KeySet, id: str | None, signed) -> Key:
    """The key of that id; without an id the only one there is that fits the algorithm."""
    kind = "EC" if signed.headers()["alg"].startswith("ES") else "RSA"
    fitting = [key for key in keys if key.key_type == kind and id in (None, key.kid)]
    if len(fitting) != 1:
        raise ValueError("no key, or several")
    return fitting[0]
