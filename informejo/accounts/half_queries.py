"""Reading sign-ins that are not finished."""

from informejo import clock, db
from informejo.accounts.models import HalfSignIn
from informejo.accounts.queries import fingerprint


def key_in(browser: str, name: str) -> str:
    """The key of one of several things that wait in the same browser, which its cookie names; empty where it has none.

    Nobody has both who did not begin it there.
    """
    return f"{browser} {name}" if browser else ""


def half_sign_in(key: str, *ways: str) -> HalfSignIn | None:
    """What was begun under this key in one of these ways, while there is time left and its owner may come in."""
    half = db.session.get(HalfSignIn, fingerprint(key)) if key else None
    if half is None or half.way not in ways or half.expires_at <= clock.now():
        return None
    return half if half.user is None or half.user.active else None
