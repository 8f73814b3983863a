"""The doors for newcomers: making an account, and the link that makes the first administrator."""

from flask import Blueprint, abort, current_app, g, redirect, request

from informejo import db, security
from informejo.accounts import actions, queries
from informejo.accounts.inputs import NewAccount, NewAdmin, browser
from informejo.inputs import Invalid
from informejo.web import anybody, go_to, page

TAKEN = "Somebody has registered with this address. Take another one."

bp = Blueprint("joining", __name__)


@bp.route("/register", methods=["GET", "POST"])
@anybody
def register():
    """Make an account, and then sign in with it. The answer is the same for an address that has one already."""
    if not current_app.config["REGISTRATION"]:
        abort(404)
    if request.method != "POST":
        return _form("accounts/register.html", "Make an account")
    try:
        new = NewAccount.read(request.form)
    except Invalid as invalid:
        return _form("accounts/register.html", "Make an account", invalid.problems), 422
    security.count("account made", security.address())
    actions.register(**new.model_dump(exclude={"again"}))
    db.commit()
    return go_to("/sign-in", "registered")


@bp.route("/setup/<token>", methods=["GET", "POST"])
@anybody
def setup(token: str):
    """The one-time link that makes the first administrator; afterwards there is nothing here."""
    security.count("set-up", security.address())
    if not queries.opens_setup(token):
        abort(404)
    if request.method != "POST":
        return _form("accounts/setup.html", "Set up Informejo")
    try:
        return _set_up(token, NewAdmin.read(request.form))
    except Invalid as invalid:
        return _form("accounts/setup.html", "Set up Informejo", invalid.problems), 422
    except actions.Taken:
        return _form("accounts/setup.html", "Set up Informejo", {"email": TAKEN}), 422


def _set_up(token: str, new: NewAdmin):
    user = actions.set_up(token, **new.model_dump(exclude={"again"})) or abort(404)
    cookie = actions.start_session(user, browser(request.user_agent.string), g.session)
    db.commit()
    return security.with_cookie(redirect("/", 303), cookie)


def _form(template: str, title: str, problems: dict[str, str] | None = None) -> str:
    return page(template, title=title, typed=request.form, problems=problems or {})
