"""The second step of a sign-in, for those who have a second factor or have to have one."""

from collections.abc import Mapping

from flask import Blueprint, Response, g, make_response, redirect, request

from informejo import cookies, db
from informejo.accounts.coming_in import arrive, came_in_just_now, lead_on_again
from informejo.accounts.gate import passing_through, sign_in_page
from informejo.accounts.half_actions import end_half
from informejo.accounts.half_queries import half_sign_in
from informejo.accounts.models import HalfSignIn
from informejo.accounts.queries import has_just_changed
from informejo.factors import passkey_actions
from informejo.factors.actions import confirm_app
from informejo.factors.challenges import ask, asked
from informejo.factors.inputs import NewPasskey
from informejo.factors.models import SECOND, SECRET
from informejo.factors.passkey_queries import question_to_add, question_to_use
from informejo.factors.proofs import NO_PASSKEY, WRONG, counted_try, note_failure, problem_with
from informejo.factors.queries import has_second_factor
from informejo.factors.second_step import ADDRESS, WHOSE, second_page
from informejo.inputs import Invalid
from informejo.web import anybody

TOO_LATE = "That took too long, or something changed meanwhile. Sign in once more."

bp = Blueprint("second_step", __name__)


@bp.get(ADDRESS)
@anybody
def second_step():
    """What is asked of whoever is half-way in."""
    half = _half()
    return second_page(half.user, half.facts, {}) if half else redirect("/sign-in", 303)


@bp.post(ADDRESS)
@anybody
def finish_sign_in():
    """Look at the second factor, or at the first digits of a new one; then they are in."""
    hidden, half = passing_through(), _half()
    if half is None:
        return _sent_twice(hidden) or _start_again(hidden)
    user, facts = half.user, half.facts
    with counted_try(user):
        codes, problems = ([], problem_with(user)) if has_second_factor(user) else _begin_with_one(half)
    if problems:
        return second_page(user, facts, hidden, problems), 422
    if not end_half(half):
        db.session.rollback()
        return _start_again(hidden)
    proved = facts["proved"] or not codes  # a factor that is new shows nobody that it is them
    return arrive(user, facts | {"proved": proved, "came": facts["came"] | {"factor": "own"}}, hidden, codes)


@bp.post(f"{ADDRESS}/challenge")
@anybody
def challenge_half_way():
    """What the browser of somebody who is half-way in asks their device: to use a passkey, or to make the first one."""
    half = _half()
    if half is None:
        return {}, 403
    return ask(question_to_use if has_second_factor(half.user) else question_to_add, half.user)


def _sent_twice(hidden: Mapping[str, str]) -> Response | None:
    """On to where this step led when it was sent before; recovery codes that came with it are shown by nobody again."""
    whose = request.form.get(WHOSE, "")
    began = came_in_just_now() and any(has_just_changed(g.actor, what) for what in ("second_factor", "passkey"))
    return lead_on_again(whose, hidden, "factor-was-added" if began else "")


def _half() -> HalfSignIn | None:
    return half_sign_in(cookies.half_cookie(), SECOND)


def _begin_with_one(half: HalfSignIn) -> tuple[list[str], dict[str, str]]:
    """Recovery codes, or what is wrong with the new factor."""
    user = half.user
    if not request.form.get("credential"):
        codes = confirm_app(user, half.facts.get(SECRET, ""), request.form.get("code", ""), half)
        if not codes:
            db.commit_if_possible(lambda: note_failure(user, "Not the first digits of a new app."))
        return codes or [], {} if codes else {"code": WRONG}
    challenge = asked(user)
    try:
        new = NewPasskey.read(request.form)
        return passkey_actions.add_passkey(user, new.name, new.credential, challenge, half), {}
    except Invalid as invalid:
        return [], invalid.problems
    except passkey_actions.BadPasskey:
        return [], {"passkey": NO_PASSKEY}


def _start_again(hidden: Mapping[str, str]) -> Response:
    answer = make_response(sign_in_page({"email": TOO_LATE}, hidden), 422)
    return cookies.without_half(answer)
