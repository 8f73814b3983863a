"""Beginning and ending sign-ins that are not finished: a second factor, a passkey or a provider has still to answer."""

import secrets
from datetime import timedelta

from sqlalchemy import delete

from informejo import clock, db
from informejo.accounts.models import HalfSignIn, User
from informejo.accounts.queries import fingerprint

LASTS = timedelta(minutes=10)  # as long as `security.HALF_SECONDS`


def begin_half(way: str, user: User | None = None, facts: dict | None = None, lasts: timedelta = LASTS) -> str:
    """Remember how far somebody has come; returns the value of the browser's cookie for it. Old ones are forgotten."""
    now, token = clock.now(), secrets.token_urlsafe(32)
    db.session.execute(delete(HalfSignIn).where(HalfSignIn.expires_at <= now))
    half = {"token_hash": fingerprint(token), "way": way, "user": user, "facts": facts or {}, "expires_at": now + lasts}
    db.session.add(HalfSignIn(**half))
    return token


def end_half(half: HalfSignIn) -> bool:
    """It has led where it should, or nowhere; whether it was still there: of two who use it only one is told so."""
    return bool(db.session.execute(delete(HalfSignIn).where(HalfSignIn.token_hash == half.token_hash)).rowcount)


def end_halves(user: User):
    """Nobody is half-way in as this person any more."""
    db.session.execute(delete(HalfSignIn).where(HalfSignIn.user_id == user.id))


def remember(half: HalfSignIn, **facts):
    """Keep some facts with it."""
    db.lock(half)
    half.facts = half.facts | facts


def forget(half: HalfSignIn, fact: str) -> object:
    """Take one of its facts away and return it, None when there is none: of two who ask only one gets it."""
    db.lock(half)
    facts = dict(half.facts)
    found = facts.pop(fact, None)
    half.facts = facts
    return found
