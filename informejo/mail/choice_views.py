"""One's own mail: what one is mailed about and when, and why one did or did not get something."""

from flask import Blueprint, request

from informejo import db
from informejo.inputs import Invalid
from informejo.mail import actions, choices, queries, told_queries
from informejo.mail.choice_inputs import MINUTES, ChosenMails, clock_words
from informejo.mail.words import Pace
from informejo.web import actor, go_to, page

bp = Blueprint("mail_choices", __name__)
OF_STAFF = ("assigned", "mentioned", "watched", "all_new")
CLOCKS = ("daily_at", "quiet_from", "quiet_to")


@bp.route("/profile/mail", methods=["GET", "POST"])
def choices_of_mail():
    """Which events mail somebody, at which pace, and what was decided for them so far."""
    if request.method != "POST":
        return _page(_shown(), {})
    try:
        new = ChosenMails.read(request.form)
    except Invalid as invalid:
        return _page(invalid.typed, invalid.problems), 422
    hidden = () if actor().is_staff else OF_STAFF  # what a form does not show it does not change
    kept = {name: getattr(choices.of(actor()), name) for name in hidden}
    actions.save_choices(actor(), **new.model_dump() | kept)
    db.commit()
    return go_to("/profile/mail", "mail-choices-saved")


def _shown() -> dict:
    """What this person has chosen, as the form shows it."""
    chosen = choices.of(actor())._asdict()
    return chosen | {name: clock_words(chosen[name]) for name in CLOCKS}


def _page(typed, problems: dict[str, str]) -> str:
    return page(
        "ledger/choices.html",
        title="Your mail",
        typed=typed,
        problems=problems,
        paces=list(Pace),
        minutes=MINUTES,
        told=told_queries.verdicts_for(actor(), request.args.get("page", type=int)),
        can_be_sent=queries.can_be_sent(),
    )
