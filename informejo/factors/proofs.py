"""What somebody sends to show who they are: a code, or the answer of a passkey."""

from collections.abc import Iterator
from contextlib import contextmanager

from flask import request

from informejo import cookies, counting, db, rates
from informejo.accounts import queries
from informejo.accounts.models import User
from informejo.audit import accesses
from informejo.factors.challenges import asked
from informejo.factors.code_actions import use_code
from informejo.factors.passkey_actions import use_passkey

WRONG = "This code does not fit, or it was used before. Take the one that the app shows now."
STOPPED = (
    "There were a hundred wrong codes in a row, so none is looked at any more. A passkey works as ever; without one an"
    " administrator of the desk resets your second factor."
)
NO_PASSKEY = "This passkey did not answer as it should. Try once more, or take another way."


@contextmanager
def counted_try(user: User) -> Iterator[None]:
    """Refuse who guesses. A browser that this person was signed in with counts apart, so that nobody shuts them out."""
    with rates.trying(("failed second factor", _whose(user))):
        rates.count("second factor", _whose(user))
        yield


def problem_with(user: User) -> dict[str, str]:
    """What is wrong with the code or the passkey that was sent, as problems of the form; nothing if it is theirs.

    It is used up by this. The caller commits.
    """
    credential = request.form.get("credential", "")
    if credential:
        fits = use_passkey(credential, asked(user), user) is not None
    elif counting.is_stopped(_codes_of(user)):
        return {"code": STOPPED}
    else:
        fits = use_code(user, request.form.get("code", ""))
    if fits:
        counting.succeed(_codes_of(user))
        return {}
    db.commit_if_possible(lambda: note_failure(user, guessed=not credential))
    return {"passkey": NO_PASSKEY} if credential else {"code": WRONG}


def note_failure(user: User, said: str = "", guessed: bool = False) -> bool:
    """Write down that somebody could not show it, and count it; a code that they `guessed`, in a row too."""
    rates.count("failed second factor", _whose(user))
    if guessed:
        counting.fail(_codes_of(user))
    accesses.note("factor-failed", user=user, said=said)
    return True


def _codes_of(user: User) -> str:
    return f"second {_whose(user)}"


def _whose(user: User) -> str:
    return f"{user.id} {queries.known_browser(cookies.cookie(), user.email) or ''}"
