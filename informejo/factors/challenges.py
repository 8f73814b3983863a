"""The numbers that passkeys sign: each made for one browser, good once, and for a few minutes."""

import secrets
from collections.abc import Callable
from datetime import datetime, timedelta

from flask import Response
from webauthn.helpers import base64url_to_bytes, bytes_to_base64url
from werkzeug.exceptions import NotFound

from informejo import clock, cookies, db
from informejo.accounts.half_actions import begin_half, forget, remember
from informejo.accounts.half_queries import half_sign_in
from informejo.accounts.models import User
from informejo.factors.models import PASSKEY, SECOND

LASTS = timedelta(minutes=5)


def ask(question: Callable[[User | None, bytes], str], user: User | None) -> Response:
    """The question to this browser, with a new number that is kept where the answer is looked at."""
    challenge, answer = secrets.token_bytes(32), Response(mimetype="application/json")
    fact = {_fact(user): [bytes_to_base64url(challenge), (clock.now() + LASTS).isoformat()]}
    second = half_sign_in(cookies.half_cookie(), SECOND)
    if second:  # also where another tab asks whoever sits there: a browser has one cookie for both, and this one waits
        remember(second, **fact)
    else:
        cookies.with_half(answer, begin_half(PASSKEY, user, fact, LASTS))
    answer.set_data(question(user, challenge))
    db.commit()
    return answer


def asked(user: User | None) -> bytes | None:
    """The number that this browser was asked to have signed by this person, or by whoever; it is used up by this."""
    half = half_sign_in(cookies.half_cookie(), SECOND, PASSKEY)
    if half is None:
        return None
    try:
        kept = forget(half, _fact(user))
    except NotFound:
        return None
    db.commit()  # whatever the answer is worth
    if kept is None or datetime.fromisoformat(kept[1]) <= clock.now():
        return None
    return base64url_to_bytes(kept[0])


def _fact(user: User | None) -> str:
    return f"challenge {user.id if user else ''}"  # whoever is asked has an answer of their own
