"""Registering: people make accounts for themselves, and prove their address first where mail can be sent."""

from flask import Blueprint, Response, abort, g, request

from informejo import db, rates, security
from informejo.accounts import actions
from informejo.accounts.coming_in import come_in
from informejo.accounts.inputs import NewAccount, Newcomer
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.settings.queries import setting
from informejo.sso.queries import passwords_are_taken
from informejo.web import anybody, go_to, page

TAKEN = "With this address no account can be made here. If it is yours: sign in, or ask an administrator for a link."

bp = Blueprint("joining", __name__)


@bp.route("/register", methods=["GET", "POST"])
@anybody
def register():
    """Make an account. Where mail can be sent, the answer is the same for an address that has one already."""
    if not (setting("REGISTRATION") and passwords_are_taken()):
        abort(404)
    if request.method != "POST":
        return _form()
    confirms = _confirms()
    try:
        new = (Newcomer if confirms else NewAccount).read(request.form)
    except Invalid as invalid:
        return _form(invalid.problems), 422
    rates.count("account made", security.address())
    return _ask(new) if confirms else _let_in(new)


@bp.get("/register/sent")
@anybody
def confirmation_sent():
    """What happens next, the same for whatever address was written."""
    return page("accounts/register_sent.html", title="Look into your mail")


def _confirms() -> bool:
    return setting("REGISTRATION_CONFIRM") and can_be_sent()


def _ask(new: Newcomer) -> Response:
    rates.count_mail(new.email)
    with security.in_even_time():
        actions.join(**new.model_dump())
        db.commit()
    return go_to("/register/sent")


def _let_in(new: NewAccount):
    """Whoever is let in at once learns by it that nobody else has the address: docs/decisions/ says why that is so."""
    if g.actor and g.actor.email == new.email:  # the form has come twice, and the first time let them in
        return go_to("/tickets", "registered")
    user = actions.register(**new.model_dump(exclude={"again"}))
    if user is None:
        return _form({"email": TAKEN}), 422
    return come_in(user, "/tickets", way="a new account", notice="registered")


def _form(problems: dict[str, str] | None = None) -> str:
    shown = {"typed": request.form, "problems": problems or {}, "confirms": _confirms()}
    return page("accounts/register.html", title="Make an account", **shown)
