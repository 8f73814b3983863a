"""Reading sign-ins that are not finished."""

from informejo import clock, db
from informejo.accounts.models import HalfSignIn
from informejo.accounts.queries import fingerprint


def half_sign_in(token: str, *ways: str) -> HalfSignIn | None:
    """What this cookie's value has begun in one of these ways, while there is time left and its owner may come in."""
    half = db.session.get(HalfSignIn, fingerprint(token)) if token else None
    if half is None or half.way not in ways or half.expires_at <= clock.now():
        return None
    return half if half.user is None or half.user.active else None
