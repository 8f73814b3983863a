"""The providers of single sign-on, as the settings describe them."""

import re
from collections.abc import Mapping
from typing import NamedTuple
from urllib.parse import urlsplit

from informejo.config import of_provider
from informejo.intake.mailboxes import is_here

NAME = re.compile(r"[a-z][a-z0-9]{0,19}")
NONE = "none"  # as a setting: there are no such claims
ROLES = ("admin", "agent", "user")  # what a mapping can make of somebody, the highest first


class Provider(NamedTuple):
    """One provider, whose `name` stands in addresses and settings, and whose `word` people read."""

    name: str
    issuer: str
    client_id: str
    client_secret: str
    word: str
    scopes: str
    role_claims: tuple[tuple[str, ...], ...]  # each the steps that lead to a list of names
    role_map: str
    trusts_email: bool
    mfa: frozenset[str]  # what it says where it has asked for a second factor itself

    @property
    def mapping_setting(self) -> str:
        """The name of the setting that says which names make somebody what."""
        return f"SSO_{self.name.upper()}_ROLE_MAP"

    def __repr__(self) -> str:
        return f"<provider {self.name}>"  # a traceback must not tell the secret


def read(settings: Mapping) -> tuple[Provider, ...]:
    """The providers that SSO_PROVIDERS names, in its order.

    Raises ValueError with a sentence that names the setting.
    """
    names = settings["SSO_PROVIDERS"].lower().split()
    if len(set(names)) < len(names):
        raise ValueError("SSO_PROVIDERS names the same provider twice.")
    found = tuple(_read(name, settings) for name in names)
    if len({provider.issuer for provider in found}) < len(found):
        raise ValueError("Two providers of SSO_PROVIDERS have the same issuer; accounts there would be mixed up.")
    return found


def of(settings: Mapping) -> tuple[Provider, ...]:
    """The same for whoever cannot say what is wrong with the settings: then there are none."""
    try:
        return read(settings)
    except ValueError:
        return ()


def leave_passwords(settings: Mapping) -> bool:
    """Whether people may sign in with a password: they may wherever there is no other way in."""
    return settings["PASSWORD_SIGN_IN"] or not of(settings)


def read_map(text: str) -> dict[str, str]:
    """What each name makes of somebody: `helpdesk=agent, it_admin=admin`, with commas or a line for each.

    Names compare without case. Raises ValueError with a sentence.
    """
    found = {}
    for pair in filter(None, (pair.strip() for pair in re.split(r"[,\n]", text))):
        name, equals, role = (part.strip() for part in pair.rpartition("="))
        if not (equals and name) or role not in ROLES:
            raise ValueError(f"“{pair[:80]}” does not look like a name, =, and one of {', '.join(ROLES)}.")
        if found.setdefault(name.casefold(), role) != role:
            raise ValueError(f"“{name[:80]}” stands there twice.")
    return found


def as_lines(role_map: str) -> str:
    """The same text, a line for each name."""
    return re.sub(r",\s*", "\n", role_map).strip()


def is_safe(address: object, beside: str = "") -> bool:
    """Whether this is an address to ask: https, or http on this machine where what it stands `beside` is so too."""
    try:
        parts = urlsplit(address if isinstance(address, str) else "")
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        return False
    if not (host and address.isprintable()) or parts.username is not None or parts.fragment:
        return False
    plain = parts.scheme == "http" and is_here(host) and (not beside or beside.startswith("http:"))
    return parts.scheme == "https" or plain


def _read(name: str, settings: Mapping) -> Provider:
    if not NAME.fullmatch(name):
        raise ValueError(f"SSO_PROVIDERS: “{name[:40]}” must be a word of letters and digits, such as keycloak.")
    own = {setting.name.rpartition(f"{name.upper()}_")[2]: _setting(setting, settings) for setting in of_provider(name)}
    for needed in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET"):
        if not own[needed]:
            raise ValueError(f"SSO_{name.upper()}_{needed} is missing; docs/sso.md says where it comes from.")
    if not is_safe(own["ISSUER"]) or "?" in own["ISSUER"]:
        raise ValueError(f"SSO_{name.upper()}_ISSUER must be an address that begins with https://.")
    if "openid" not in own["SCOPES"].split():
        raise ValueError(f"SSO_{name.upper()}_SCOPES must have openid among them.")
    try:
        read_map(own["ROLE_MAP"])
    except ValueError as mistake:
        raise ValueError(f"SSO_{name.upper()}_ROLE_MAP: {mistake}") from None
    return Provider(
        name=name,
        issuer=own["ISSUER"],
        client_id=own["CLIENT_ID"],
        client_secret=own["CLIENT_SECRET"],
        word=own["WORD"] or name.capitalize(),
        scopes=own["SCOPES"],
        role_claims=_paths(own["ROLE_CLAIMS"], own["CLIENT_ID"]),
        role_map=own["ROLE_MAP"],
        trusts_email=own["TRUST_EMAIL"],
        mfa=frozenset(own["MFA"].split()),
    )


def _setting(setting, settings: Mapping):
    return settings.get(setting.name, setting.default)


def _paths(text: str, client_id: str) -> tuple[tuple[str, ...], ...]:
    """`resource_access.{client_id}.roles` as its steps: an id may have dots of its own."""
    claims = [] if text == NONE else text.split()
    return tuple(tuple(client_id if step == "{client_id}" else step for step in claim.split(".")) for claim in claims)
