"""Checking who a provider says has signed in (OpenID Connect Core, 3.1.3.7)."""

import json
from collections.abc import Mapping

from authlib.oidc.core import CodeIDToken
from joserfc import jwt
from joserfc.errors import JoseError
from joserfc.jwk import Key, KeySet
from joserfc.util import urlsafe_b64decode

from informejo import clock
from informejo.sso import discovery
from informejo.sso.providers import Provider

# Signatures alone that need the provider's private key: never `none`, never HS, whose key would be one that is public.
ALGORITHMS = ("RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512")
LEEWAY = 60  # seconds by which clocks may differ
LONGEST = 65_536  # characters
LONGEST_SUBJECT = 255  # OpenID Connect Core, 2


class Untrue(Exception):
    """What came is not what this provider signed for this desk and this sign-in; the message says what is wrong."""


def check(provider: Provider, token: object, *, nonce: str, access_token: str = "") -> dict:
    """The claims of an id_token that holds in every point. Raises Untrue, or Trouble when there are no keys."""
    if not isinstance(token, str) or len(token) > LONGEST:
        raise Untrue("there is no id_token")
    try:
        id = _key_id(token)
        keys = discovery.keys(provider, id)
        read = jwt.decode(token, lambda signed: _signing_key(keys, id, signed), algorithms=ALGORITHMS)
        claims = _validated(provider, read, nonce, access_token)
    except JoseError as error:
        raise Untrue(error.error or "it cannot be read") from error
    except (ValueError, TypeError, LookupError, AttributeError, RecursionError) as error:
        raise Untrue("it cannot be read") from error
    subject = claims.get("sub")
    if not isinstance(subject, str) or not 0 < len(subject) <= LONGEST_SUBJECT or not subject.isprintable():
        raise Untrue("it names nobody")
    return dict(claims)


def _validated(provider: Provider, read: jwt.Token, nonce: str, access_token: str) -> CodeIDToken:
    options = {
        "iss": {"essential": True, "value": provider.issuer},
        "aud": {"essential": True, "value": provider.client_id},
    }
    known = {"nonce": nonce, "client_id": provider.client_id, "access_token": access_token}
    claims = CodeIDToken(read.claims, read.header, options, known)
    claims.validate(now=int(clock.now().timestamp()), leeway=LEEWAY)
    return claims


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
