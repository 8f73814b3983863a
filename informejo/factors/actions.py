"""Giving oneself a second factor and taking it away; an administrator takes somebody's away who lost it."""

import secrets
from datetime import timedelta

from pyotp import random_base32
from sqlalchemy import delete, update
from werkzeug.exceptions import UnprocessableEntity

from informejo import clock, db
from informejo.accounts.half_actions import end_halves, keep_half
from informejo.accounts.models import HalfSignIn, Session, User
from informejo.accounts.queries import fingerprint
from informejo.accounts.rights_actions import hold_rights, require_another_admin
from informejo.accounts.session_actions import end_sessions
from informejo.accounts.ways_in_queries import comes_in_without
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.factors.digits import step_of, typed
from informejo.factors.models import NEW_APP, SECOND, SECRET, Authenticator, Passkey, RecoveryCode
from informejo.factors.queries import codes_left, factors_of, must_have_one

CODES = 10
SET_UP_LASTS = timedelta(hours=1)  # somebody may have to get an app first
LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"  # without look-alikes
GROUPS, GROUP = 4, 4  # of a code: 79 bits, so that a fast hash is a safe one
DEMANDED = "The desk wants you to have a second factor, and this is your only one. Add another before you remove it."


def begin_app(actor: User, key: str):
    """A new secret for an app that makes digits, kept under that key; it counts from the first right ones on.

    Nobody else who is in, or half-way in, as the same person is shown it: they could make the same digits for good.
    Raises UnprocessableEntity when there is one that counts.
    """
    db.lock(actor)
    if factors_of(actor).app:
        raise UnprocessableEntity("There is an app already. Remove it first if there is to be another.")
    keep_half(key, NEW_APP, actor, {SECRET: random_base32()}, SET_UP_LASTS)


def confirm_app(actor: User, secret: str, digits: str, half: HalfSignIn | None = None) -> list[str] | None:
    """The app with that secret counts from now on, if these are its digits and there is none; else None.

    Recovery codes where this is the first factor. `half` is the sign-in that it finishes.
    """
    db.lock(actor)
    app = db.session.get(Authenticator, actor.id, populate_existing=True)
    step = step_of(secret, typed(digits)) if secret and not (app and app.confirmed_at) else None
    if step is None:
        return None
    if app is None:
        app = Authenticator(user_id=actor.id)
        db.session.add(app)
    app.secret, app.confirmed_at, app.last_step = secret, clock.now(), step
    changed(actor, {"second_factor": ["off", "on"]}, half)
    return first_codes(actor)


def remove_app(actor: User):
    """No app any more. Raises UnprocessableEntity when the desk demands a second factor and there is no other."""
    db.lock(actor)
    app = db.session.get(Authenticator, actor.id, populate_existing=True)
    if app is None:
        return
    if app.confirmed_at:
        leave_one(actor)
        changed(actor, {"second_factor": ["on", "off"]})
    db.session.delete(app)
    forget_codes_of_none(actor)


def new_codes(actor: User) -> list[str]:
    """Ten new recovery codes; those from before are void. They are shown once, the database knows only their hashes."""
    db.lock(actor)
    record(actor, actor, {"recovery_codes": [codes_left(actor), CODES]})
    return _fresh_codes(actor)


def reset_factors(actor: User, user: User):
    """Take all second factors from somebody who lost them, and end their sign-ins.

    Raises UnprocessableEntity where a passkey was all with which the last administrator could come in.
    """
    hold_rights(actor, user)
    if not comes_in_without(user, *factors_of(user).passkeys):
        require_another_admin(user)
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


def changed(actor: User, changes: dict, half: HalfSignIn | None = None):
    """Record that a factor came or went. Whoever is half-way in begins anew, but in that one which is finished by it.

    They were asked for what was there before, and may be somebody else who knows the password and waits.
    """
    record(actor, actor, changes)
    end_halves(actor, SECOND, NEW_APP, but=half)


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
