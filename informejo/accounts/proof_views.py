"""Showing anew who one is, before something sensitive is done."""

from flask import Blueprint, g, request

from informejo import clock, counting, db, rates
from informejo.accounts import actions, password_actions, session_actions
from informejo.accounts.asked_again import again, carried, is_proved, question
from informejo.accounts.queries import JUST_NOW
from informejo.audit import accesses
from informejo.factors.challenges import ask
from informejo.factors.passkey_queries import question_to_use
from informejo.factors.proofs import counted_try, problem_with
from informejo.web import actor, go_to

WRONG = "This is not your password."
STOPPED = (
    "There were a hundred wrong passwords here in a row, so none is looked at any more. Sign out and choose a new one."
)

bp = Blueprint("proof", __name__)


@bp.post("/prove")
def prove():
    """Look at what somebody shows; then their form is there again, to be sent."""
    to, fields = carried()
    if _is_shown():
        return again(to, fields)
    by_password = "password" in request.form
    problems = _wrong_password() if by_password else _wrong_factor()
    if problems:
        return question(to, fields, problems), 422
    session_actions.prove(g.session, "" if by_password else "own")
    db.commit()
    return again(to, fields)


@bp.post("/prove/challenge")
def challenge_to_prove():
    """What one's browser asks one's device."""
    return ask(question_to_use, actor())


@bp.post("/prove/mail")
def mail_a_link():
    """Have a link mailed with which whoever has no password chooses one, to show with it that it is them."""
    rates.count_mail(actor().email)
    password_actions.ask_to_choose(actor())
    db.commit()
    return go_to("/forgot-password/sent")


def _wrong_password() -> dict[str, str]:
    whose = f"{actor().email} {g.session.id}"
    rates.count("sign-in of an account", whose)
    if counting.is_stopped(whose):
        return {"password": STOPPED}
    if actions.is_password_of(actor(), request.form["password"]):
        counting.succeed(whose)
        return {}
    db.commit_if_possible(lambda: _note_failure(whose))
    return {"password": WRONG}


def _note_failure(whose: str) -> bool:
    counting.fail(whose)
    accesses.note("sign-in-failed", user=actor(), said="Asked again for the password.")
    return True


def _is_shown() -> bool:
    """Whether it was shown here before: by a sign-in for which this form waited, or by this very form, sent twice.

    What a second factor answered then is used up, and answers no more. By neither is it shown anew: it lasts no longer.
    """
    if not any(request.form.get(what) for what in ("password", "code", "credential")):
        return is_proved()
    proved_at, by_factor = g.session.proved_at, g.session.factor == "own" and "password" not in request.form
    return by_factor and proved_at is not None and proved_at > clock.now() - JUST_NOW


def _wrong_factor() -> dict[str, str]:
    with counted_try(actor()):
        return problem_with(actor())
