"""What somebody sends to show who they are: a code, or the answer of a passkey."""

from flask import request

from informejo import db, security
from informejo.accounts import queries
from informejo.accounts.models import User
from informejo.audit import accesses
from informejo.factors.challenges import asked
from informejo.factors.code_actions import use_code
from informejo.factors.passkey_actions import use_passkey

WRONG = "This code does not fit, or it was used before. Take the one that the app shows now."
NO_PASSKEY = "This passkey did not answer as it should. Try once more, or take another way."


def count_try(user: User):
    """Refuse who guesses. A browser that this person was signed in with counts apart, so that nobody shuts them out."""
    security.allow("failed second factor", _whose(user))
    security.count("second factor", _whose(user))


def problem_with(user: User) -> dict[str, str]:
    """What is wrong with the code or the passkey that was sent, as problems of the form; nothing if it is theirs.

    It is used up by this. The caller commits.
    """
    credential = request.form.get("credential", "")
    if credential:
        challenge = asked(user)
        fits = challenge is not None and use_passkey(credential, challenge, user) is not None
    else:
        fits = use_code(user, request.form.get("code", ""))
    if fits:
        return {}
    db.commit_if_possible(lambda: note_failure(user))
    return {"passkey": NO_PASSKEY} if credential else {"code": WRONG}


def note_failure(user: User, said: str = "") -> bool:
    """Write down that somebody could not show it, and count it."""
    security.count("failed second factor", _whose(user))
    accesses.note("factor-failed", user=user, said=said)
    return True


def _whose(user: User) -> str:
    return f"{user.id} {queries.known_browser(security.cookie(), user.email) or ''}"
