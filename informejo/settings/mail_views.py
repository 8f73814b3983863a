"""The page of mail settings: what is no secret is changed here, and tried before it is saved."""

from collections import ChainMap

from flask import Blueprint, current_app, request

from informejo import db, policy
from informejo.accounts.asked_again import require_proof
from informejo.inputs import Invalid
from informejo.mail import checking
from informejo.mail.check_steps import TRIAL
from informejo.mail.checking import Check
from informejo.settings.mail_inputs import MAIL_FORM
from informejo.settings.pages import MAIL, mail_page, saved_form, typed_in
from informejo.web import actor

PATIENCE = 25  # seconds: less than a proxy waits for a page
UNDER_WAY = "Another check is under way. Try again in half a minute."

bp = Blueprint("mail_settings", __name__)


@bp.get("/settings/mail")
def mail_settings():
    """What holds for mail, and what stands in the environment alone."""
    policy.require(actor(), "settings.change")
    return mail_page()


@bp.post("/settings/mail")
def save():
    """Save what was changed, or try what was typed: with both the desk speaks to a server that is named here."""
    require_proof()
    policy.require(actor(), "settings.change")
    return _tried() if "check" in request.form else saved_form(MAIL)


def _tried():
    typed = typed_in(MAIL_FORM)
    before = current_app.extensions.get("mail_trial")
    if before and not before.is_over:
        return mail_page(typed, {"SMTP_HOST": UNDER_WAY}), 409
    try:
        new = MAIL_FORM.input.read(typed).model_dump()
    except Invalid as invalid:
        return mail_page(typed, invalid.problems), 422
    return mail_page(typed, check=_try(ChainMap(new, current_app.config)))


def _try(settings: ChainMap) -> Check:
    """A check of these settings; where the server takes its time, as far as it came."""
    current_app.extensions["mail_trial"] = check = Check(TRIAL, settings)
    db.session.rollback()  # whoever waits for a server holds no connection to the database
    checking.begin(check).join(PATIENCE)
    return check
