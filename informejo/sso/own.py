"""What other pages show of single sign-on: the buttons of the sign-in page, and the accounts that one has linked."""

from datetime import datetime
from typing import NamedTuple

from flask import current_app

from informejo import cookies
from informejo.accounts.half_queries import half_sign_in, key_in
from informejo.accounts.models import HalfSignIn, User
from informejo.accounts.queries import user_by_email
from informejo.guests.link_queries import link_with
from informejo.sso import providers, queries
from informejo.sso.claims import Told

LINK = "/sso/link"  # where what came from a provider is linked


class Linked(NamedTuple):
    """An account at a provider that signs somebody in here."""

    id: int
    word: str
    seen_at: datetime


def ways_in() -> dict:
    """What the sign-in page offers: providers, and whether passwords are taken."""
    return {"providers": providers.of(current_app.config), "passwords": takes_passwords()}


def takes_passwords(email: str | None = None) -> bool:
    """Whether this browser may send a password, of that account or of any.

    Where they are switched off it may send one, that of the older account which is to be linked.
    """
    if queries.passwords_are_taken():
        return True
    told = waiting()
    return told is not None and (email is None or user_by_email(email) is user_by_email(told.email))


def waiting() -> Told | None:
    """Who came from a provider in this browser, and waits to be linked with the account of the same address."""
    half = _half()
    return Told(**half.facts["told"]) if half else None


def fits(told: Told | None, user: User) -> bool:
    """Whether that account may be linked with this person's: its address is theirs here, or was until a merge."""
    return told is not None and user_by_email(told.email) is user and user.confirmed_at is not None


def kept_for(next: str) -> dict[str, str]:
    """What went through the sign-in page with whoever waits to be linked, and goes through it once more on that way."""
    half = _half() if next == LINK else None
    return half.facts.get("hidden", {}) if half else {}


def reads_mail_of(email: str) -> bool:
    """Whether this browser holds a link to a ticket of whoever has that address: it was mailed there alone."""
    links = map(link_with, cookies.link_cookies())
    return any(link is not None and link.user.email == email for link in links)


def accounts_of(user: User) -> dict:
    """The accounts at providers that this person has linked, and the providers where they could link one."""
    found = providers.of(current_app.config)
    words = {provider.issuer: provider.word for provider in found}
    linked = queries.identities_of(user)
    named = [Linked(one.id, words.get(one.issuer, one.issuer), one.seen_at) for one in linked]
    issuers = {one.issuer for one in linked}
    return {"linked": named, "linkable": [provider for provider in found if provider.issuer not in issuers]}


def _half() -> HalfSignIn | None:
    return half_sign_in(key_in(cookies.sso_cookie(), "link"), "sso-link")
