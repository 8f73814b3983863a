"""One's own profile: name and looks."""

from flask import Blueprint, request

from informejo import db
from informejo.accounts import actions
from informejo.accounts.inputs import Profile, time_zones
from informejo.inputs import Invalid
from informejo.meanwhile import drawn_with
from informejo.web import actor, go_to, page

bp = Blueprint("profile", __name__)


@bp.route("/profile", methods=["GET", "POST"])
def profile():
    """What people decide about themselves."""
    if request.method != "POST":
        return _profile_page()
    try:
        new = Profile.read(request.form)
    except Invalid as invalid:
        return _profile_page(typed=invalid.typed, problems=invalid.problems), 422
    # What an older window shows of the others, or a program does not send, puts none of them back.
    changed = {name for name, text in request.form.items() if request.form.get(f"was-{name}") != text}
    actions.edit_profile(actor(), **new.model_dump(include=changed))
    db.commit()
    return go_to("/profile", "profile-saved")


def _profile_page(typed=None, problems=None) -> str:
    own = {name: getattr(actor(), name) for name in Profile.model_fields}
    return page(
        "accounts/profile.html",
        title="Your profile",
        typed=typed or own,
        was=drawn_with(own, request.form),
        problems=problems or {},
        zones=[(zone, zone.replace("_", " ")) for zone in time_zones()],
    )
