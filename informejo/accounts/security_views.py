"""How somebody gets in: their password, and where they are signed in."""

from flask import Blueprint, g, request

from informejo import cookies, counting, db, rates
from informejo.accounts import actions, session_actions, sign_ins
from informejo.accounts.inputs import PasswordChange, browser
from informejo.factors.passkey_queries import are_possible
from informejo.factors.queries import factors_of, must_have_one
from informejo.inputs import Invalid
from informejo.sso.own import accounts_of
from informejo.web import actor, go_to, page

WRONG = "This is not your current password."
STOPPED = (
    "There were a hundred wrong passwords here in a row, so none is looked at any more. Sign out and choose a new one."
)
HERE = "/profile/security"

bp = Blueprint("own_security", __name__)


@bp.get(HERE)
def own_security():
    """The password, and where one is signed in."""
    return _page()


@bp.post("/profile/password")
def change_password():
    """A new password, for whoever knows the current one. All sign-ins end, this browser gets a new one."""
    try:
        new = PasswordChange.read(request.form, actor().email, actor().name)
    except Invalid as invalid:
        return _page(invalid.problems), 422
    whose = f"{actor().email} {g.session.id}"
    rates.count("sign-in of an account", whose)
    if counting.is_stopped(whose):
        return _page({"current": STOPPED}), 403
    came = {name: getattr(g.session, name) for name in ("provider", "id_token", "sid", "factor", "expires_at")}
    if not actions.change_password(actor(), current=new.current, new=new.password):
        db.commit_if_possible(lambda: counting.fail(whose) or True)
        return _page({"current": WRONG}), 422
    token = session_actions.start_session(actor(), browser(request.user_agent.string), **came)
    db.commit()
    return cookies.with_cookie(go_to(HERE, "password-changed"), token)


@bp.post("/profile/sessions")
def end_other_sessions():
    """Sign out everywhere else."""
    session_actions.end_sessions(actor(), actor(), but=g.session)
    db.commit()
    return go_to(HERE, "sessions-ended")


@bp.post("/profile/sessions/<int:id>/end")
def end_session(id: int):
    """Sign out in one other browser, or in this one."""
    session_actions.end_session(actor(), id)
    db.commit()
    return go_to("/sign-in", "signed-out") if id == g.session.id else go_to(HERE, "session-ended")


def _page(problems: dict[str, str] | None = None) -> str:
    sessions = sign_ins.sessions_of(actor())
    shown = {"problems": problems or {}, "sessions": sessions, "session": g.session}
    factors = {"factors": factors_of(actor()), "passkeys_possible": are_possible(), "demanded": must_have_one(actor())}
    return page("accounts/security.html", title="Security", **shown, **factors, **accounts_of(actor()))
