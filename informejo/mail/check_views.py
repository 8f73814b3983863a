"""The page *Mail check*, for administrators."""

from flask import Blueprint, current_app
from werkzeug.wrappers import Response

from informejo import policy
from informejo.mail import checking
from informejo.mail.checking import Check
from informejo.web import actor, go_to, page

EVERY_SECONDS = 2  # in which the page loads itself again while a check is under way

bp = Blueprint("mail_check", __name__)


@bp.get("/mail/check")
def show():
    """The last check of this process, or the one under way."""
    policy.require(actor(), "mail.check")
    check = current_app.extensions.get("mail_check")
    answer = Response(page("doctor/mail_check.html", title="Mail check", check=check), mimetype="text/html")
    if check and not check.is_over:
        answer.headers["Refresh"] = str(EVERY_SECONDS)
    return answer


@bp.post("/mail/check")
def begin():
    """Begin a check, unless one is under way."""
    policy.require(actor(), "mail.check")
    check = current_app.extensions.get("mail_check")
    if check is None or check.is_over:
        current_app.extensions["mail_check"] = check = Check()
        checking.begin(check)
    return go_to("/mail/check")
