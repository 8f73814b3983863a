"""Passkeys: signing in with one, adding one, removing one."""

from flask import Blueprint, g, request
from werkzeug.exceptions import NotFound

from informejo import db, rates, security
from informejo.accounts.asked_again import is_proved, require_proof
from informejo.accounts.coming_in import came_in_just_now, come_in, lead_on_again
from informejo.accounts.gate import passing_through, sign_in_page
from informejo.accounts.queries import has_just_changed
from informejo.accounts.session_actions import add_factor
from informejo.audit import accesses
from informejo.factors import passkey_actions
from informejo.factors.challenges import ask, asked
from informejo.factors.inputs import NewPasskey
from informejo.factors.passkey_queries import comes_again, passkey_of, question_to_add, question_to_use
from informejo.factors.proofs import NO_PASSKEY
from informejo.factors.second_step import codes_page
from informejo.inputs import Invalid
from informejo.web import actor, anybody, go_to, local, page

HERE = "/profile/security"

bp = Blueprint("passkeys", __name__)


@bp.post("/sign-in/passkey/challenge")
@anybody
def challenge_to_sign_in():
    """What the browser of somebody who wants to come in asks their device."""
    return ask(question_to_use, None)


@bp.post("/sign-in/passkey")
@anybody
def sign_in_with_passkey():
    """Come in with a passkey alone: it is something one has, and it asks who holds it."""
    hidden = passing_through()
    with rates.trying(("failed sign-in", security.visitor())):
        user = passkey_actions.use_passkey(request.form.get("credential", ""), asked(None))
        if user is None:
            if came_in_just_now() and comes_again(request.form.get("credential", ""), g.actor):
                return lead_on_again(str(g.actor.id), hidden)
            db.commit_if_possible(_note_failure)
            return sign_in_page({"passkey": NO_PASSKEY}, hidden), 422
    return come_in(user, local(hidden.get("next")), way="a passkey", factor="own", hidden=hidden)


@bp.post(f"{HERE}/passkeys/challenge")
def challenge_to_add():
    """What one's browser asks one's device to make."""
    if not is_proved():
        return {}, 403
    return ask(question_to_add, actor())


@bp.post(f"{HERE}/passkeys")
def add_passkey():
    """Add what the device has made; before it has, the page on which it does."""
    require_proof()
    try:
        new = NewPasskey.read(request.form)
    except Invalid as invalid:
        return _new_page(invalid.problems), 422
    if not new.credential:
        return _new_page()
    try:
        codes = passkey_actions.add_passkey(actor(), new.name, new.credential, asked(actor()))
    except passkey_actions.BadPasskey:
        if comes_again(new.credential, actor()):
            return go_to(HERE, "passkey-was-added")
        return _new_page({"passkey": NO_PASSKEY}), 422
    add_factor(g.session)
    db.commit()
    return codes_page(codes, HERE) if codes else go_to(HERE, "passkey-added")


@bp.post(f"{HERE}/passkeys/<int:id>/removal")
def remove_passkey(id: int):
    """Sign in with this one no more."""
    try:
        passkey = passkey_of(actor(), id)
    except NotFound:
        if has_just_changed(actor(), "passkey"):  # by this very form, sent twice
            return go_to(HERE, "passkey-removed")
        raise
    require_proof()
    passkey_actions.remove_passkey(actor(), passkey)
    db.commit()
    return go_to(HERE, "passkey-removed")


def _note_failure() -> bool:
    rates.count("failed sign-in", security.visitor())
    accesses.note("sign-in-failed", said="With a passkey.")
    return True


def _new_page(problems: dict[str, str] | None = None) -> str:
    typed = {"name": request.form.get("name", "")}
    return page("factors/new_passkey.html", title="Add a passkey", typed=typed, problems=problems or {})
