"""Using up what somebody typed as their second factor: digits of an app, or a recovery code."""

from sqlalchemy import delete, update

from informejo import db
from informejo.accounts.models import User
from informejo.factors.actions import code_hash, record
from informejo.factors.digits import are_digits, step_of, typed
from informejo.factors.models import Authenticator, RecoveryCode
from informejo.factors.queries import codes_left


def use_code(user: User, code: str) -> bool:
    """Whether this code is theirs; it is used up by it, whichever of two requests comes first."""
    code = typed(code)
    return _use_digits(user, code) if are_digits(code) else _use_recovery_code(user, code)


def _use_digits(user: User, digits: str) -> bool:
    app = db.session.get(Authenticator, user.id)
    step = step_of(app.secret, digits) if app and app.confirmed_at else None
    if step is None:
        return False
    # Digits are good once (RFC 6238, 5.2), and so are those before them: who looks over a shoulder comes too late.
    unused = Authenticator.user_id == user.id, Authenticator.last_step < step
    return db.session.execute(update(Authenticator).where(*unused).values(last_step=step)).rowcount == 1


def _use_recovery_code(user: User, code: str) -> bool:
    its = RecoveryCode.code_hash == code_hash(user, code), RecoveryCode.user_id == user.id
    if db.session.execute(delete(RecoveryCode).where(*its)).rowcount != 1:
        return False
    left = codes_left(user)
    record(user, user, {"recovery_codes": [left + 1, left]})
    return True
