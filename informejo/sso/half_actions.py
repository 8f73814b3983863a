"""Sign-ins that wait for a provider: each is a row that only the browser which began it can find, once."""

import secrets
from datetime import timedelta

from sqlalchemy import delete

from informejo import clock, db
from informejo.accounts.half_actions import end_half
from informejo.accounts.models import HalfSignIn, User
from informejo.accounts.queries import fingerprint
from informejo.sso.queries import half_sign_in

LASTS = timedelta(minutes=15)  # to find one's password and second factor there


def begin(browser: str, way: str, facts: dict, user: User | None = None) -> str:
    """Remember `facts` for whoever comes back with this state in the same browser; returns the state."""
    state = secrets.token_urlsafe(32)
    keep(browser, state, way, facts, user)
    return state


def keep(browser: str, name: str, way: str, facts: dict, user: User | None = None):
    """The same under a name that is known already, in the place of what was kept under it."""
    key, now = fingerprint(f"{browser} {name}"), clock.now()
    over = (HalfSignIn.token_hash == key) | (HalfSignIn.expires_at <= now)
    db.session.execute(delete(HalfSignIn).where(over))
    row = HalfSignIn(token_hash=key, way=way, facts=facts, user_id=user and user.id, expires_at=now + LASTS)
    db.session.add(row)


def finish(browser: str, name: str, *ways: str) -> HalfSignIn | None:
    """What was kept; it can be had once. None when there is nothing, or its time is over."""
    row = half_sign_in(browser, name, *ways)
    if row is None:
        return None
    gone = end_half(row)
    db.session.expunge(row)
    return row if gone and row.expires_at > clock.now() else None
