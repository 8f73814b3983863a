"""What a provider tells of somebody, made clean: who they are, their address, and what they are there."""

from collections.abc import Mapping
from typing import NamedTuple

from informejo import limits
from informejo.addresses import is_address, one_spelling
from informejo.sso.providers import Provider
from informejo.text import clean_line, is_name

MOST_ROLES = 500
LONGEST_ROLE = 200
RANKS = {"admin": 2, "agent": 1, "user": 0}


class Told(NamedTuple):
    """Somebody as their provider knows them. It can be kept as JSON, between two steps of a sign-in."""

    provider: str  # its name in settings
    word: str  # and for people
    issuer: str
    subject: str
    email: str  # empty where none was told that could be one
    confirmed: bool  # the provider says that the address is theirs, or is believed without saying so
    believed: bool  # it is theirs beyond what the provider says: it may be a guest's, whose tickets they get
    name: str
    roles: list[str] | None  # None where nothing was told of roles at all


def told(provider: Provider, claims: Mapping) -> Told:
    """The claims of a token that was checked."""
    email = one_spelling(_line(claims.get("email")))
    email = email if is_address(email) and len(email) <= limits.EMAIL.most else ""
    said = claims.get("email_verified")
    believed = provider.trusts_email and said not in (False, "false")
    return Told(
        provider=provider.name,
        word=provider.word,
        issuer=provider.issuer,
        subject=claims["sub"],
        email=email,
        confirmed=said in (True, "true") or believed,
        believed=believed,
        name=_name(claims, email),
        roles=_roles(provider, claims),
    )


def role_for(roles: list[str], role_map: Mapping[str, str]) -> str:
    """The highest that any of these names makes of somebody: `user` unless one is in the mapping."""
    return max((role_map.get(role.casefold(), "user") for role in roles), key=RANKS.__getitem__, default="user")


def _name(claims: Mapping, email: str) -> str:
    whole = f"{_line(claims.get('given_name'))} {_line(claims.get('family_name'))}"
    user_name = _line(claims.get("preferred_username")).partition("@")[0]
    for name in (_line(claims.get("name")), whole.strip(), user_name, email.partition("@")[0]):
        fitting = name[: limits.NAME.most].strip()
        if is_name(fitting):
            return fitting
    return "Somebody"


def _roles(provider: Provider, claims: Mapping) -> list[str] | None:
    found = [names for path in provider.role_claims if (names := _names(claims, path)) is not None]
    return sorted({name for names in found for name in names})[:MOST_ROLES] if found else None


def _names(claims: Mapping, path: tuple[str, ...]) -> list[str] | None:
    """The names at the end of these steps, None where they lead nowhere."""
    for step in path:
        claims = claims.get(step) if isinstance(claims, Mapping) else None
    if isinstance(claims, str):
        claims = [claims]
    if not isinstance(claims, list):
        return None
    return [name for each in claims[:MOST_ROLES] if (name := _line(each)) and len(name) <= LONGEST_ROLE]


def _line(value: object) -> str:
    return clean_line(value) if isinstance(value, str) else ""
