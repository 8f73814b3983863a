"""One's own profile: name and looks, password, and where one is signed in."""

from flask import Blueprint, g, request

from informejo import db, security
from informejo.accounts import actions, sign_ins
from informejo.accounts.inputs import PasswordChange, Profile, browser, time_zones
from informejo.inputs import Invalid
from informejo.web import actor, go_to, page

WRONG = "This is not your current password."

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


@bp.post("/profile/password")
def change_password():
    """A new password, for whoever knows the current one. All sign-ins end, this browser gets a new one."""
    try:
        new = PasswordChange.read(request.form, actor().email, actor().name)
    except Invalid as invalid:
        return _profile_page(password_problems=invalid.problems), 422
    security.count("sign-in of an account", f"{actor().email} {g.session.id}")
    if not actions.change_password(actor(), current=new.current, new=new.password):
        return _profile_page(password_problems={"current": WRONG}), 422
    token = actions.start_session(actor(), browser(request.user_agent.string))
    db.commit()
    return security.with_cookie(go_to("/profile", "password-changed"), token)


@bp.post("/profile/sessions")
def end_other_sessions():
    """Sign out everywhere else."""
    actions.end_sessions(actor(), actor(), but=g.session)
    db.commit()
    return go_to("/profile", "sessions-ended")


def _profile_page(typed=None, problems=None, password_problems=None) -> str:
    own = {name: getattr(actor(), name) for name in Profile.model_fields}
    return page(
        "accounts/profile.html",
        title="Your profile",
        typed=typed or own,
        was={name: request.form.get(f"was-{name}", value) for name, value in own.items()},
        problems=problems or {},
        password_problems=password_problems or {},
        zones=[(zone, zone.replace("_", " ")) for zone in time_zones()],
        sessions=sign_ins.sessions_of(actor()),
        session=g.session,
    )
