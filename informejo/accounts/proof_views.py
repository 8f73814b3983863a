"""Showing anew who one is, before something sensitive is done."""

from flask import Blueprint, g, request

from informejo import db, security
from informejo.accounts import actions
from informejo.accounts.asked_again import again, carried, question
from informejo.web import actor

WRONG = "This is not your password."

bp = Blueprint("proof", __name__)


@bp.post("/prove")
def prove():
    """Look at what somebody shows; then their form is there again, to be sent."""
    to, fields = carried()
    security.count("sign-in of an account", f"{actor().email} {g.session.id}")
    if not actions.is_password_of(actor(), request.form.get("password", "")):
        return question(to, fields, {"password": WRONG}), 422
    actions.prove(g.session)
    db.commit()
    return again(to, fields)
