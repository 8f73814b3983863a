"""Beginning and ending sign-ins that are not finished: a second factor, a passkey or a provider has still to answer."""

import secrets
from datetime import timedelta

from sqlalchemy import delete

from informejo import clock, db
from informejo.accounts.half_queries import half_sign_in
from informejo.accounts.models import HalfSignIn, User
from informejo.accounts.queries import fingerprint

LASTS = timedelta(minutes=10)  # as long as `security.HALF_SECONDS`


def begin_half(way: str, user: User | None = None, facts: dict | None = None, lasts: timedelta = LASTS) -> str:
    """Remember how far somebody has come; returns the value of the browser's cookie for it. Old ones are forgotten."""
    token = secrets.token_urlsafe(32)
    keep_half(token, way, user, facts, lasts)
    return token


def keep_half(key: str, way: str, user: User | None = None, facts: dict | None = None, lasts: timedelta = LASTS):
    """The same under a key that is known already, in the place of what was kept under it."""
    now, token_hash = clock.now(), fingerprint(key)
    over = (HalfSignIn.token_hash == token_hash) | (HalfSignIn.expires_at <= now)
    db.session.execute(delete(HalfSignIn).where(over))
    half = {"way": way, "user_id": user and user.id, "facts": facts or {}, "expires_at": now + lasts}
    db.session.add(HalfSignIn(token_hash=token_hash, **half))


def finish_half(key: str, *ways: str) -> HalfSignIn | None:
    """What was kept under that key in one of these ways; it can be had once. None when there is none, or it is over."""
    half = half_sign_in(key, *ways)
    if half is None or not end_half(half):
        return None
    db.session.expunge(half)
    return half


def end_half(half: HalfSignIn) -> bool:
    """It has led where it should, or nowhere; whether it was still there: of two who use it only one is told so."""
    return bool(db.session.execute(delete(HalfSignIn).where(HalfSignIn.token_hash == half.token_hash)).rowcount)


def end_halves(user: User, *ways: str, but: HalfSignIn | None = None):
    """Nobody is half-way in as this person any more, in one of these ways or in any; but that one goes on."""
    which = [HalfSignIn.way.in_(ways)] if ways else []
    which += [HalfSignIn.token_hash != but.token_hash] if but else []
    db.session.execute(delete(HalfSignIn).where(HalfSignIn.user_id == user.id, *which))


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
