"""The doors through which people come in and go out; what they had typed waits for them."""

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode, urlsplit

from flask import Blueprint, g, redirect, request
from werkzeug.exceptions import Unauthorized

from informejo import db, security
from informejo.accounts import actions, queries
from informejo.accounts.inputs import SignIn, browser
from informejo.accounts.models import User
from informejo.drafts.actions import save_draft
from informejo.drafts.inputs import NewDraft, kept_fields
from informejo.inputs import Invalid
from informejo.web import local, page, public, wants_fragment

KEPT = "kept-"  # begins the names of the hidden fields that carry somebody's text through the sign-in page
WRONG = "Address and password do not belong together, or this account cannot sign in."

bp = Blueprint("accounts", __name__)


def init_app(app):
    """Look at every request before its view does, and answer those who have to sign in first."""
    app.before_request(_count_changes)
    app.before_request(_mark_session)
    app.register_error_handler(Unauthorized, _sign_in_first)


@bp.get("/sign-in")
@public
def sign_in():
    """The sign-in page; whoever is in already goes on."""
    next = local(request.args.get("next"))
    return redirect(next, 303) if g.actor else _sign_in_page({}, {"next": next})


@bp.post("/sign-in")
@public
def create_session():
    """Come in. The answer to an unknown address, a wrong password and a closed account is the same."""
    hidden = {name: text for name, text in request.form.items() if name in ("next", "draft") or name.startswith(KEPT)}
    try:
        given = SignIn.read(request.form)
    except Invalid as invalid:
        return _sign_in_page(invalid.problems, hidden), 422
    _count_try(given.email)
    user = actions.sign_in(given.email, given.password)
    if user is None:
        security.count("failed sign-in", security.address())
        return _sign_in_page({"email": WRONG}, hidden), 422
    token = actions.start_session(user, browser(request.user_agent.string), g.session)
    location = _keep_text(user, hidden, local(hidden.get("next")))
    db.commit()
    return security.with_cookie(redirect(location, 303), token)


@bp.post("/sign-out")
@public
def delete_session():
    """Go out."""
    response = redirect("/sign-in?notice=signed-out", 303)
    if g.session:
        security.with_cookie(response, actions.sign_out(g.session))
        db.commit()
    return response


def _sign_in_page(problems: dict[str, str], hidden: dict[str, str]) -> str:
    typed = {"email": request.form.get("email", "")}
    return page("accounts/sign_in.html", title="Sign in", typed=typed, problems=problems, hidden=hidden)


def _count_try(email: str):
    """Refuse who guesses. A browser that was signed in before counts apart, so that nobody can shut its owner out."""
    known = queries.known_browser(security.cookie(), email)
    security.allow("failed sign-in", security.address())
    security.count("sign-in of an account", f"{email} {known or ''}")
    security.count("sign-in")


def _keep_text(user: User, hidden: Mapping[str, str], location: str) -> str:
    """Save what came through the sign-in page as a draft; returns where to go on."""
    fields = kept_fields({name.removeprefix(KEPT): text for name, text in hidden.items() if name.startswith(KEPT)})
    draft = _draft_name(hidden)
    if not (fields and draft):
        return location
    save_draft(user, draft, fields)
    parts = urlsplit(location)
    query = [(name, value) for name, value in parse_qsl(parts.query) if name != "notice"]
    return parts._replace(query=urlencode([*query, ("notice", "draft-kept")])).geturl()


def _count_changes():
    if request.method in security.SAFE:
        return
    if g.actor:
        security.count("change", str(g.actor.id))
    else:
        security.count("change by a visitor", security.address())


def _mark_session():
    """Requests of a person keep a session alive, those of an open page do not. No GET ever writes anything else."""
    read_again = request.method == "GET" and wants_fragment()
    by_itself = read_again or request.path.startswith("/live") or request.path.endswith("/seen")
    if g.session and not by_itself:
        db.commit_if_possible(lambda: actions.mark_used(g.session))  # a page can be read when nothing can be written


def _sign_in_first(_error: Unauthorized):
    """People get the sign-in page, and from there back to where they were; scripts and programs a plain 401."""
    if request.method not in security.SAFE:
        return _sign_in_again()
    accepted = request.accept_mimetypes
    for_people = request.headers.get("Sec-Fetch-Dest", "document") == "document" and (
        not accepted or accepted.accept_html
    )
    if wants_fragment() or request.path.startswith("/live") or not for_people:
        return "Sign in first.", 401, {"Content-Type": "text/plain; charset=utf-8", "HX-Reswap": "none"}
    return redirect("/sign-in?" + urlencode({"next": request.full_path.rstrip("?")}), 303)


def _sign_in_again():
    """The session ended while somebody was typing: the text waits in the sign-in page and becomes a draft."""
    fields, draft = kept_fields(request.form), _draft_name(request.form)
    hidden = {"next": _came_from()}
    if fields and draft:
        hidden |= {"draft": draft, **{KEPT + name: text for name, text in fields.items()}}
    # Where htmx sent no text, or is only saving a draft, this page must not push aside the one somebody is writing in.
    takes_over = "draft" in hidden and request.path != "/drafts"
    return _sign_in_page({}, hidden), 401, {"HX-Retarget": "body", "HX-Reswap": "outerHTML"} if takes_over else {}


def _draft_name(fields: Mapping[str, str]) -> str | None:
    try:
        return NewDraft.read(fields).draft
    except Invalid:
        return None


def _came_from() -> str:
    address = request.headers.get("HX-Current-URL") or request.referrer or ""
    host, slash, path = address.partition("://")[2].partition("/")
    return local(slash + path) if host == request.host else "/"
