"""Signing in and out. A text that was being written when a sign-in ended goes through the sign-in page as a draft."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress

from flask import Blueprint, g, redirect, request
from werkzeug.exceptions import NotFound, Unauthorized

from informejo import cookies, counting, db, drawn, rates, security
from informejo.accounts import actions, queries, session_actions
from informejo.accounts.coming_in import come_in, is_known, whose
from informejo.accounts.gate import passing_through, sign_in_page
from informejo.accounts.inputs import SignIn
from informejo.accounts.models import User
from informejo.accounts.sign_ins import lacking_factor
from informejo.addresses import has_real_domain, is_address
from informejo.audit import accesses
from informejo.inputs import Invalid
from informejo.own_counts import count_changes
from informejo.sso import own
from informejo.sso.going import farewell
from informejo.sso.refusals import NotSignedIn
from informejo.web import anybody, go_to, local, public, wants_fragment

WRONG = "This e-mail address and password do not match, or this account cannot sign in."
MANY = (
    " There were a hundred wrong passwords for this address, so it may be that none is looked at here any more. In"
    " another browser, where you were signed in before, yours works as ever. Or choose a new one by the link below;"
    " where no mail can be sent, an administrator of the desk gives you one."
)

bp = Blueprint("accounts", __name__)


def init_app(app):
    """Look at every request before its view does."""
    app.before_request(count_changes)
    app.before_request(_mark_session)


@bp.get("/sign-in")
@public
def sign_in():
    """The sign-in page; whoever is in already goes on, unless they want to be somebody `other`."""
    next = local(request.args.get("next"))
    stays = g.actor and "other" not in request.args
    return redirect(next, 303) if stays else sign_in_page({}, own.kept_for(next) | {"next": next})


@bp.post("/sign-in")
@anybody
def create_session():
    """Sign in. The answer to an unknown address, a wrong password and a closed account is the same."""
    hidden = passing_through()
    if not {"email", "password"} & request.form.keys():
        return sign_in_page({}, hidden)  # they come from where there is no such form, with what they were writing
    try:
        given = SignIn.read(request.form)
    except Invalid as invalid:
        return sign_in_page(invalid.problems, hidden), 422
    if not own.takes_passwords(given.email):
        raise NotSignedIn("no-passwords", "one of the services that the sign-in page names")
    with _counted_try(given.email):
        user = _who_signs_in(given)
        if user is None:
            db.commit_if_possible(lambda: _note_failure(given.email))
            many = MANY if counting.were_many(whose(given.email)) else ""
            return sign_in_page({"email": WRONG + many}, hidden), 422
    return come_in(user, local(hidden.get("next")), way="a password", hidden=hidden)


@bp.post("/sign-out")
@public
def delete_session():
    """Sign out: here at once, whatever the provider does from where they came; then there too."""
    token, came = "", ()
    session = g.session or lacking_factor(cookies.cookie())
    if session:
        came = session.provider, session.id_token
        with suppress(NotFound, Unauthorized):  # it has ended by itself just now
            token = session_actions.sign_out(session)
            db.commit()
    leads_on = bool(token and came[0]) and not wants_fragment()
    response = (leads_on and farewell(*came)) or go_to("/sign-in", "signed-out")
    return cookies.with_cookie(response, token) if token else response


@contextmanager
def _counted_try(email: str) -> Iterator[None]:
    """Refuse who guesses. A browser that was signed in before counts apart, so that nobody can shut its owner out."""
    with rates.trying(*_if_wrong(email)):
        rates.count("sign-in of an account", whose(email))
        if not is_known(email):
            rates.count("sign-in")
        yield


def _who_signs_in(given: SignIn) -> User | None:
    """None too where no password is looked at any more, after the same work: nobody learns which of both it was."""
    is_stopped = counting.is_stopped(whose(given.email))
    user = actions.sign_in(given.email, given.password)
    return None if is_stopped else user


def _if_wrong(email: str) -> list[tuple[str, str]]:
    """What a wrong password counts as, and for whom: in a browser that is known for nobody else's."""
    here = [] if is_known(email) else [("failed sign-in", security.address())]
    return [*here, ("failed sign-in of an account", whose(email))]


def _note_failure(email: str) -> bool:
    for what, who in _if_wrong(email):
        rates.count(what, who)
    counting.fail(whose(email))
    known = queries.user_by_email(email)
    is_one = is_address(email) and has_real_domain(email)  # what is none may be a password in the wrong field
    unknown = email if known is None and is_one else ""
    accesses.note("sign-in-failed", user=known, who=unknown, said="With a password.")
    return True


def _mark_session():
    """Requests of a person keep a session alive, those of an open page do not. No GET ever writes anything else.

    What a script reads, a whole page too, the page reads by itself; where people go to, their browser says no more.
    """
    read_again = request.method in security.SAFE and (wants_fragment() or drawn.HEADER in request.headers)
    by_itself = read_again or request.path.startswith("/live") or request.path.endswith("/seen")
    if g.session and not by_itself:
        db.commit_if_possible(
            lambda: session_actions.mark_used(g.session)
        )  # a page can be read when nothing can be written
