"""The place of administration: everything there is to look after, each with one line."""

from flask import Blueprint, current_app

from informejo import policy
from informejo.web import actor, page

PLACES = (
    (
        "/users",
        "People",
        "Invite colleagues, give them roles, hand their tickets over, let nobody in who should not be.",
    ),
    ("/teams", "Teams", "Who works together, which categories are theirs, and what they see."),
    (
        "/sso/mapping",
        "Single sign-on",
        "Which role somebody gets from your sign-in service, looked at before it is saved.",
    ),
    ("/audit", "Audit", "Who did what from where: sign-ins, refusals and every change."),
    (
        "/settings",
        "Settings",
        "Name, logo, colour, words, categories, mail, who may come in; with a history and a way back.",
    ),
    ("/mail/out", "Mail", "What goes out, what comes in, and what became of it."),
    ("/mail/check", "Mail check", "Whether mails from this desk arrive, step by step."),
    ("/health", "Health", "Whether the desk is well, and what to do where it is not."),
    ("/bin", "Bin", "Deleted tickets that can still be brought back."),
)

bp = Blueprint("places", __name__)


@bp.get("/admin")
def places():
    """Where administrators find what is theirs."""
    policy.require(actor(), "settings.change")
    there = {rule.rule for rule in current_app.url_map.iter_rules()}
    places = [place for place in PLACES if place[0] in there]
    return page("admin/places.html", title="Administration", places=places)
