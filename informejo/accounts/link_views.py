"""What one-time links open: making the first administrator, and choosing a password."""

from flask import Blueprint, Response, g, request

from informejo import cookies, rates, security
from informejo.accounts import actions, password_actions, queries
from informejo.accounts.coming_in import came_in_just_now, come_in
from informejo.accounts.half_queries import half_sign_in
from informejo.accounts.inputs import NewAdmin, NewPassword
from informejo.accounts.models import User
from informejo.factors.models import SECOND
from informejo.factors.second_step import ADDRESS
from informejo.inputs import Invalid
from informejo.web import anybody, go_to, page

TAKEN = "Somebody has registered with this address. Take another one."

bp = Blueprint("links", __name__)


@bp.route("/setup/<token>", methods=["GET", "POST"])
@anybody
def setup(token: str):
    """The one-time link that makes the first administrator; afterwards it says so."""
    holds = queries.opens_setup(token)
    rates.count("set-up", "the link" if holds else security.address())
    if not holds:
        return _set_up_here() or _no_setup()
    if request.method != "POST":
        return _setup_form()
    try:
        user = actions.set_up(token, **NewAdmin.read(request.form).model_dump(exclude={"again"}))
    except Invalid as invalid:
        return _setup_form(invalid.problems), 422
    except actions.Taken:
        return _setup_form({"email": TAKEN}), 422
    return come_in(user, "/", way="the set-up link") if user else _no_setup()


def _set_up_here() -> Response | None:
    """On to where the link led, if this browser has used it just now."""
    half = half_sign_in(cookies.half_cookie(), SECOND)
    if came_in_just_now() and queries.is_new_admin(g.actor):
        return go_to("/")
    return go_to(ADDRESS) if half and queries.is_new_admin(half.user) else None


@bp.route("/choose-password/<token>", methods=["GET", "POST"])
@anybody
def choose_password(token: str):
    """The one-time link that an administrator made, with which its owner chooses a password."""
    link = queries.password_link(token)
    if link is None or request.method == "POST":  # looking at one that works is free, and nobody beside it uses it up
        rates.count("password chosen", link.token_hash if link else security.address())
    if link is None:
        return _sent_twice() or _used_link()
    if request.method != "POST":
        return _password_form(link.user)
    try:
        new = NewPassword.read(request.form, link.user.email, link.user.name)
    except Invalid as invalid:
        return _password_form(link.user, invalid.problems), 422
    user = password_actions.choose_password(token, password=new.password)
    return come_in(user, "/", way="a link to choose a password", notice="password-chosen") if user else _used_link()


def _sent_twice() -> Response | None:
    """On to where the link led, if this browser has used it just now; its answer may never have arrived."""
    half = half_sign_in(cookies.half_cookie(), SECOND)
    signed_in = g.session is not None and g.session.ticket_id is None
    if signed_in and queries.has_just_changed(g.actor, "password"):
        return go_to("/", "password-chosen")
    return go_to(ADDRESS) if half and queries.has_just_changed(half.user, "password") else None


def _setup_form(problems: dict[str, str] | None = None) -> str:
    return page("accounts/setup.html", title="Set up Informejo", typed=request.form, problems=problems or {})


def _password_form(user: User, problems: dict[str, str] | None = None) -> str:
    return page("accounts/choose_password.html", title="Choose a password", user=user, problems=problems or {})


def _no_setup():
    """Gone for good once there is an administrator; before, this link was never one, or there is a newer."""
    is_set_up = queries.has_admin()
    answer = page("accounts/no_setup.html", title="This link does not work", is_set_up=is_set_up)
    return answer, 410 if is_set_up else 404


def _used_link():
    return page("accounts/used_link.html", title="This link does not work"), 410
