"""Beginning and ending sign-ins: sessions in a browser, and links to one ticket, which are sessions too."""

import secrets
from collections.abc import Iterable
from contextlib import suppress
from datetime import timedelta

from flask import current_app
from sqlalchemy import ColumnElement, delete, or_, select, update
from werkzeug.exceptions import NotFound

from informejo import clock, db, turns
from informejo.accounts import sign_ins
from informejo.accounts.half_actions import end_halves
from informejo.accounts.models import PasswordToken, Role, Session, User
from informejo.accounts.queries import fingerprint
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName

MARK_EVERY = timedelta(minutes=5)  # how exactly a session knows when it was last used


def start_session(user: User, agent: str, before: Session | None = None, *, proved: bool = True, **came) -> str:
    """Sign this person in; returns the cookie's new value. The browser `agent`'s session `before` this one ends.

    `proved`: they have just shown who they are. `came`: `provider`, `sid` and `id_token` of single sign-on, and
    `factor`, who looked at their second factor; of one that goes on, `expires_at`.
    """
    if before:
        with suppress(NotFound):  # somebody ended it while the password was looked at
            sign_out(before)
    now, longest = clock.now(), timedelta(days=current_app.config["SESSION_DAYS"])
    db.session.execute(delete(Session).where(Session.user_id == user.id, Session.expires_at < now - longest))
    lasts = (
        min(longest, timedelta(hours=current_app.config["ADMIN_SESSION_HOURS"])) if user.role == Role.ADMIN else longest
    )
    token = secrets.token_urlsafe(32)
    of_it = {"expires_at": now + lasts, "agent": agent, "proved_at": now if proved else None} | came
    db.session.add(Session(token_hash=fingerprint(token), user=user, **of_it))
    return token


def prove(session: Session, factor: str = ""):
    """Remember that whoever uses this sign-in has just shown who they are, with a second `factor` or without."""
    db.lock(session)
    session.proved_at = clock.now()
    session.factor = factor or session.factor


def add_factor(session: Session):
    """Remember that whoever uses this sign-in has just shown a second factor that is new."""
    db.lock(session)
    session.factor = "own"


def sign_out(session: Session) -> str:
    """End this sign-in; returns a new value for the cookie, which signs nobody in.

    By it `queries.known_browser` tells this browser from strangers who try passwords, so that they cannot shut its
    owner out.
    Raises NotFound when the sign-in is gone already.
    """
    db.lock(session)
    token = secrets.token_urlsafe(32)
    session.token_hash, session.expires_at, session.id_token = fingerprint(token), clock.now(), ""
    _record_end(session.user, session)
    return token


def end_sessions(actor: User, user: User, but: Session | None = None):
    """End all of this person's sign-ins but that one, forget their browsers, and void links to choose a password.

    Their own, and those they made for others: what somebody may do ends with their sign-in, and so does what they gave.
    """
    db.lock(user)
    theirs = or_(PasswordToken.user_id == user.id, PasswordToken.made_by_id == user.id)
    db.session.execute(delete(PasswordToken).where(theirs))
    end_halves(user)
    _end(actor, user, *([Session.id != but.id] if but else []))


def end_links(actor: User, user: User):
    """End the links to tickets that were mailed to this person so far: others may read that mailbox by now."""
    _end(actor, user, Session.ticket_id.is_not(None))


def end_sessions_from_elsewhere(user: User, *, but_from: Iterable[str], but: Session):
    """End this person's sign-ins that came from providers, but for `but_from` these, and all half-way in."""
    end_halves(user)
    _end(user, user, Session.provider.not_in(["", *but_from]), Session.id != but.id)


def end_session(actor: User, id: int):
    """End one of the actor's own sign-ins, and forget its browser. Raises NotFound."""
    session = next((one for one in sign_ins.sessions_of(actor) if one.id == id), None)
    if session is None:
        raise NotFound
    db.lock(session)
    _record_end(actor, session)
    db.session.delete(session)


def mark_used(session: Session) -> bool:
    """Remember that the session is in use; False when that was done a moment ago, as its idle time goes."""
    if clock.now() - session.seen_at < min(MARK_EVERY, sign_ins.idle_time(session.user.role) / 10):
        return False
    db.session.execute(update(Session).where(Session.id == session.id).values(seen_at=clock.now()))
    return True


def _end(actor: User, user: User, *which: ColumnElement[bool]):
    live = sign_ins.holding_of(user)
    for session in turns.in_turns(db.session.scalars(select(Session).where(Session.user_id == user.id, *which)).all()):
        if session.id in live:
            _record_end(actor, session)
        db.session.delete(session)


def _record_end(actor: User, session: Session):
    changes = {"session": [session.id, None]}
    log.record(EventName.SESSION_ENDED, actor, audience=Audience.STAFF, user=session.user, changes=changes)
