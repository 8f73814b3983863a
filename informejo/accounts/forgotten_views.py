"""A forgotten password: whoever asks is answered the same, and only the owner of the address is mailed a link."""

from flask import Blueprint, request

from informejo import db, rates, security
from informejo.accounts import password_actions
from informejo.accounts.inputs import Forgotten
from informejo.inputs import Invalid
from informejo.mail.queries import can_be_sent
from informejo.web import anybody, go_to, page

bp = Blueprint("forgotten", __name__)


@bp.route("/forgot-password", methods=["GET", "POST"])
@anybody
def forgot_password():
    """Ask for a link to choose another password; without mail the page says whom to ask instead."""
    if request.method != "POST":
        return _form({"email": request.args.get("email", "")})
    if not can_be_sent():
        return _form({}), 422
    try:
        email = Forgotten.read(request.form).email
    except Invalid as invalid:
        return _form(request.form, invalid.problems), 422
    rates.count_mail(email)
    with security.in_even_time():
        password_actions.forget_password(email)
        db.commit()
    return go_to("/forgot-password/sent")


@bp.get("/forgot-password/sent")
@anybody
def link_sent():
    """What happens next, the same for whatever address was written."""
    return page("accounts/forgotten_sent.html", title="Look into your mail")


def _form(typed, problems: dict[str, str] | None = None) -> str:
    shown = {"typed": typed, "problems": problems or {}, "can_be_sent": can_be_sent()}
    return page("accounts/forgot_password.html", title="Forgot your password?", **shown)
