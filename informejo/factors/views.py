"""One's own second factor: an app that makes digits, and recovery codes."""

from flask import Blueprint, g, redirect, request

from informejo import cookies, db
from informejo.accounts.asked_again import is_proved, require_proof
from informejo.accounts.half_queries import half_sign_in, key_in
from informejo.accounts.session_actions import add_factor
from informejo.factors import actions
from informejo.factors.models import NEW_APP, SECRET
from informejo.factors.proofs import WRONG, counted_try, note_failure
from informejo.factors.queries import factors_of, set_up_of
from informejo.factors.second_step import codes_page
from informejo.web import actor, go_to, page

HERE = "/profile/security"
APP = f"{HERE}/authenticator"

bp = Blueprint("factors", __name__)


@bp.get(APP)
def set_up():
    """What the app is shown, for a few minutes after it was begun: who uses the session later has no business here."""
    return _set_up_page() if is_proved() and set_up_of(actor(), _secret()) else redirect(HERE, 303)


@bp.post(APP)
def begin():
    """A new secret for an app."""
    require_proof()
    actions.begin_app(actor(), _key())
    db.commit()
    return go_to(APP)


@bp.post(f"{APP}/confirmation")
def confirm():
    """The first digits of the app: from now on they are asked for."""
    require_proof()
    secret = _secret()
    if factors_of(actor()).app:
        return go_to(HERE, "app-was-added")  # in another tab, or by this very form, sent twice
    if not secret:
        return go_to(HERE, "app-too-late")
    with counted_try(actor()):
        codes = actions.confirm_app(actor(), secret, request.form.get("code", ""))
        if codes is None:
            db.commit_if_possible(lambda: note_failure(actor(), "Not the first digits of a new app."))
            return _set_up_page({"code": WRONG}), 422
    add_factor(g.session)
    db.commit()
    return codes_page(codes, HERE) if codes else go_to(HERE, "second-factor-on")


@bp.post(f"{APP}/removal")
def remove():
    """No digits any more."""
    require_proof()
    actions.remove_app(actor())
    db.commit()
    return go_to(HERE, "second-factor-off")


@bp.post(f"{HERE}/codes")
def new_codes():
    """New recovery codes; those from before are void."""
    require_proof()
    if not factors_of(actor()).any:
        return go_to(HERE)
    codes = actions.new_codes(actor())
    db.commit()
    return codes_page(codes, HERE)


def _key() -> str:
    """Under which a new app waits: in this sign-in alone, whoever else has signed in as the same person."""
    return key_in(cookies.cookie(), NEW_APP)


def _secret() -> str:
    """What the app is shown that was begun here; empty where none was, or it took too long."""
    half = half_sign_in(_key(), NEW_APP)
    return half.facts[SECRET] if half else ""


def _set_up_page(problems: dict[str, str] | None = None) -> str:
    context = {"set_up": set_up_of(actor(), _secret()), "problems": problems or {}}
    return page("factors/set_up.html", title="Add an app", **context)
