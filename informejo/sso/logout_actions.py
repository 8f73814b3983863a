"""Ending sign-ins because the provider from which they came has ended its own (OpenID Connect Back-Channel Logout)."""

from contextlib import suppress

from sqlalchemy import delete
from sqlalchemy.exc import IntegrityError
from werkzeug.exceptions import NotFound

from informejo import clock, db, turns
from informejo.accounts.half_actions import end_half
from informejo.accounts.models import Session
from informejo.accounts.queries import fingerprint
from informejo.audit import accesses
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.sso import logout_queries
from informejo.sso.logout_queries import KEPT
from informejo.sso.models import UsedToken
from informejo.sso.providers import Provider
from informejo.sso.tokens import SignedOut, Untrue


def sign_out_by(provider: Provider, told: SignedOut) -> int:
    """End the sign-ins that came from there, and those that are half-way in; returns how many there were.

    Raises Untrue for a token that was used before.
    """
    _use_up(provider, told)
    for half in logout_queries.half_way_from(provider, told):
        end_half(half)
    found = logout_queries.sign_ins_from(provider, told)
    for session in turns.in_turns(found):
        with suppress(NotFound):  # its owner ended it in this very moment
            _end(provider, session)
    return len(found)


def _use_up(provider: Provider, told: SignedOut):
    now = clock.now()
    db.session.execute(delete(UsedToken).where(UsedToken.expires_at <= now))
    try:
        with db.session.begin_nested():
            token_hash = fingerprint(f"{provider.issuer} {told.id}")
            db.session.add(UsedToken(token_hash=token_hash, expires_at=now + KEPT))
    except IntegrityError:
        raise Untrue("it was used before") from None
    ended = [logout_queries.mark(provider, what) for what in logout_queries.ended_by(told)]
    db.session.execute(delete(UsedToken).where(UsedToken.token_hash.in_(ended)))
    db.session.add_all([UsedToken(token_hash=token_hash, expires_at=now + KEPT) for token_hash in ended])


def _end(provider: Provider, session: Session):
    """The row stays for a while: by its cookie the browser is still told apart from strangers."""
    db.lock(session)
    session.expires_at, session.id_token = clock.now(), ""
    user, changes = session.user, {"session": [session.id, None]}
    log.record(EventName.SESSION_ENDED, user, audience=Audience.STAFF, user=user, changes=changes)
    accesses.note("signed-out", user=user, said=f"By {provider.word}.")
