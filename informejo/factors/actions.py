"""Giving oneself a second factor and taking it away; an administrator takes somebody's away who lost it."""

import secrets

from pyotp import random_base32
from sqlalchemy import delete, update
from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.models import Session, User
from informejo.accounts.queries import fingerprint
from informejo.accounts.session_actions import end_sessions
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.factors.digits import step_of
from informejo.factors.models import Authenticator, Passkey, RecoveryCode
from informejo.factors.queries import codes_left, factors_of, must_have_one
from informejo.policy import require

CODES = 10
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without look-alikes
GROUPS, GROUP = 4, 4  # of a code: 79 bits, so that a fast hash is a safe one
DEMANDED = "The desk wants you to have a second factor, and this is your only one. Add another before you remove it."


def begin_app(actor: User):
    """A new secret for an app that makes digits; it counts from the first right ones on.

    Raises UnprocessableEntity when there is one that counts.
    """
    db.lock(actor)
    app = db.session.get(Authenticator, actor.id, populate_existing=True)
    if app and app.confirmed_at:
        raise UnprocessableEntity("There is an app already. Remove it first if there is to be another.")
    if app:
        db.session.delete(app)
        db.session.flush()
    db.session.add(Authenticator(user_id=actor.id, secret=random_base32()))


def confirm_app(actor: User, digits: str) -> list[str] | None:
    """The app counts from now on, if these are its digits; else None. Recovery codes where this is the first factor."""
    db.lock(actor)
    app = db.session.get(Authenticator, actor.id, populate_existing=True)
    step = step_of(app.secret, digits) if app and app.confirmed_at is None else None
    if step is None:
        return None
    app.confirmed_at, app.last_step = clock.now(), step
    record(actor, actor, {"second_factor": ["off", "on"]})
    return first_codes(actor)


def remove_app(actor: User):
    """No app any more. Raises UnprocessableEntity when the desk demands a second factor and there is no other."""
    db.lock(actor)
    app = db.session.get(Authenticator, actor.id, populate_existing=True)
    if app is None:
        return
    if app.confirmed_at:
        leave_one(actor)
        record(actor, actor, {"second_factor": ["on", "off"]})
    db.session.delete(app)
    forget_codes_of_none(actor)


def new_codes(actor: User) -> list[str]:
    """Ten new recovery codes; those from before are void. They are shown once, the database knows only their hashes."""
    db.lock(actor)
    record(actor, actor, {"recovery_codes": [codes_left(actor), CODES]})
    return _fresh_codes(actor)


def reset_factors(actor: User, user: User):
    """Take all second factors from somebody who lost them, and end their sign-ins."""
    db.lock_all(actor, user)
    require(actor, "user.change", user)
    _reset(actor, user)


def reset_factors_by_command(user: User):
    """The same for whoever runs the server, when nobody is left who could do it on a page."""
    db.lock(user)
    _reset(None, user)


def forget_factors(user: User) -> bool:
    """Remove all that this person has, and record nothing; whether there was anything that counted."""
    had = factors_of(user).any
    for model in (Authenticator, Passkey, RecoveryCode):
        db.session.execute(delete(model).where(model.user_id == user.id))
    return had


def first_codes(actor: User) -> list[str]:
    """Recovery codes for somebody who has none because their second factor is new."""
    return [] if codes_left(actor) else _fresh_codes(actor)


def leave_one(actor: User):
    """Raise UnprocessableEntity if this person has only one second factor and has to have one."""
    if must_have_one(actor) and factors_of(actor).last:
        raise UnprocessableEntity(DEMANDED)


def forget_codes_of_none(actor: User):
    """Recovery codes stand in for a second factor: without one they are void."""
    db.session.flush()
    if not factors_of(actor).any:
        db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == actor.id))
        shown = Session.user_id == actor.id, Session.factor == "own"
        db.session.execute(
            update(Session).where(*shown).values(factor="")
        )  # if one is demanded later, it is theirs too


def record(actor: User | None, user: User, changes: dict):
    """That it changed belongs into the log, what it was does not."""
    log.record(EventName.USER_UPDATED, actor, audience=Audience.STAFF, user=user, changes=changes)


def code_hash(user: User, code: str) -> str:
    """What the database keeps of a recovery code, which people may write in capitals and without dashes."""
    plain = "".join(letter for letter in code.lower() if letter.isalnum())
    return fingerprint(f"{user.id}:{plain}")


def _reset(actor: User | None, user: User):
    if forget_factors(user):
        record(actor, user, {"second_factor": ["on", "off"]})
    end_sessions(actor, user)


def _fresh_codes(actor: User) -> list[str]:
    db.session.execute(delete(RecoveryCode).where(RecoveryCode.user_id == actor.id))
    codes = [_code() for _ in range(CODES)]
    db.session.add_all([RecoveryCode(code_hash=code_hash(actor, code), user_id=actor.id) for code in codes])
    db.session.flush()
    return codes


def _code() -> str:
    return "-".join("".join(secrets.choice(LETTERS) for _ in range(GROUP)) for _ in range(GROUPS))
