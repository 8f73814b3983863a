"""Registering: people make accounts for themselves."""

from flask import Blueprint, abort, current_app, request

from informejo import db, security
from informejo.accounts import actions
from informejo.accounts.inputs import NewAccount
from informejo.inputs import Invalid
from informejo.web import anybody, go_to, page

bp = Blueprint("joining", __name__)


@bp.route("/register", methods=["GET", "POST"])
@anybody
def register():
    """Make an account, and then sign in with it. The answer is the same for an address that has one already."""
    if not current_app.config["REGISTRATION"]:
        abort(404)
    if request.method != "POST":
        return _form()
    try:
        new = NewAccount.read(request.form)
    except Invalid as invalid:
        return _form(invalid.problems), 422
    security.count("account made", security.address())
    actions.register(**new.model_dump(exclude={"again"}))
    db.commit()
    return go_to("/sign-in", "registered")


def _form(problems: dict[str, str] | None = None) -> str:
    return page("accounts/register.html", title="Make an account", typed=request.form, problems=problems or {})
