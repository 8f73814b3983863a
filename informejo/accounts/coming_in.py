"""Coming in: what a sign-in ends with, whichever way somebody came."""

from collections.abc import Mapping, Sequence

from flask import Response, g, make_response, request
from pyotp import random_base32
from sqlalchemy import inspect

from informejo import clock, cookies, counting, db
from informejo.accounts import session_actions
from informejo.accounts.asked_again import FILES, again
from informejo.accounts.gate import ask_whose, carried_fields, carried_form, draft_name
from informejo.accounts.half_actions import begin_half
from informejo.accounts.inputs import browser
from informejo.accounts.models import Session, User
from informejo.accounts.queries import JUST_NOW, address_for, known_browser
from informejo.accounts.sign_ins import lacking_factor
from informejo.audit import accesses
from informejo.drafts.actions import keep_text
from informejo.error_pages import carries_words
from informejo.factors.models import SECOND, SECRET
from informejo.factors.queries import has_second_factor, must_have_one
from informejo.factors.second_step import ADDRESS, codes_page, second_page
from informejo.web import draw_for, go_to, local


def come_in(
    user: User,
    to: str,
    *,
    way: str,
    notice: str = "",
    proved: bool = True,
    hidden: Mapping[str, str] | None = None,
    **came: str,
) -> Response:
    """Sign this person in, lead them on `to` a page of ours, which says `notice` (a name of NOTICES), and commit.

    Whoever has a second factor, or has to have one, is asked for it first, unless the way says that somebody has looked
    at one: `factor` then is `own` or `provider`.

    `way` says in words how they came, such as `a password`; `proved`, whether they have just shown who they are.
    `hidden` is what went through the sign-in page; `provider`, `sid` and `id_token` are those of single sign-on.
    """
    facts = {"to": to, "way": way, "notice": notice, "proved": proved, "came": came}
    if not came.get("factor") and (has_second_factor(user) or must_have_one(user)):
        return _ask_second(user, facts, hidden or {})
    return arrive(user, facts, hidden or {})


def _ask_second(user: User, facts: dict, hidden: Mapping[str, str]) -> Response:
    """Half-way in, which opens nothing. Text that goes through the sign-in goes on through this page."""
    if not has_second_factor(user):
        facts |= {SECRET: random_base32()}
    token = begin_half(SECOND, user, facts)
    db.commit()
    answer = make_response(second_page(user, facts, hidden)) if carries_words(hidden) else go_to(ADDRESS)
    return cookies.with_half(answer, token)


def arrive(user: User, facts: dict, hidden: Mapping[str, str], codes: Sequence[str] = ()) -> Response:
    """The end of every way in: a new session, the one before in this browser over; typed text becomes a draft.

    Whoever has just begun with a second factor is shown recovery `codes` first.
    """
    counting.succeed(f"{user.email} ", whose(user.email))
    agent, came = browser(request.user_agent.string), facts["came"]
    token = session_actions.start_session(user, agent, _before(), proved=facts["proved"], **came)
    accesses.note("signed-in", user=user, said=f"With {facts['way']}.")
    answer = _lead_on(user, facts["to"], facts["notice"], hidden, codes)
    return cookies.without_half(cookies.with_cookie(answer, token))


def lead_on_again(user_id: str, hidden: Mapping[str, str], notice: str = "") -> Response | None:
    """The answer to a form that comes a second time, after it let that person in; None where it did not just now.

    In the browser in which it did alone: it has the sign-in. Nothing is looked at or used up once more.
    """
    if not came_in_just_now() or str(g.actor.id) != user_id:
        return None
    return _lead_on(g.actor, local(hidden.get("next")), notice, hidden, ())


def came_in_just_now() -> bool:
    """Whether somebody has signed in in this browser a moment ago."""
    session = g.session
    return bool(session and session.ticket_id is None and session.created_at > clock.now() - JUST_NOW)


def _lead_on(user: User, to: str, notice: str, hidden: Mapping[str, str], codes: Sequence[str]) -> Response:
    """What whoever is in by now sees next, and commit."""
    theirs = hidden.get("for", "") in ("", str(user.id))
    kept = theirs and _keep_text(user, hidden)
    db.commit()
    answer = go_to(to, "draft-kept" if kept else notice)
    return _asked_first(user, hidden, theirs, codes) or (_with_codes(answer, user, codes) if codes else answer)


def _asked_first(user: User, hidden: Mapping[str, str], theirs: bool, codes: Sequence[str]) -> Response | None:
    """What they were about to do, which is done when they say so; or whose it is. None where nothing is to be asked."""
    if not theirs:
        return ask_whose(user, hidden, codes)
    address, fields = carried_form(hidden)
    if not fields:
        return None
    draw_for(user)  # their cookie comes with the next request
    lost = {FILES: [hidden[FILES]]} if FILES in hidden else {}
    return make_response(again(address, dict(fields.lists()) | lost, "You are signed in", codes))


def _with_codes(answer: Response, user: User, codes: Sequence[str]) -> Response:
    """Before they go on, they are shown what they need when they lose the second factor."""
    then = answer.headers.pop("Location", "/")
    draw_for(user)
    answer.status_code = 200
    answer.set_data(codes_page(codes, then))
    return answer


def whose(email: str) -> str:
    """For whom tries are counted: those of a browser that was signed in with that address before count apart."""
    email = address_for(email)
    return f"{email} {known_browser(cookies.cookie(), email) or ''}"


def is_known(email: str) -> bool:
    """Whether this browser was signed in with that address before."""
    return known_browser(cookies.cookie(), address_for(email)) is not None


def _before() -> Session | None:
    """The sign-in that this browser had, also one that lacks the second factor that is demanded by now.

    A link to a ticket is none: it goes on, here and elsewhere.
    """
    db.session.flush()  # where all their sign-ins have just been ended, this one is gone already
    session = g.session or lacking_factor(cookies.cookie())
    return session if session and session.ticket_id is None and inspect(session).persistent else None


def _keep_text(user: User, hidden: Mapping[str, str]) -> bool:
    """Save what came through the sign-in page as a draft, if anything did."""
    fields, draft = carried_fields(hidden), draft_name(hidden)
    if not (fields and draft):
        return False
    keep_text(user, draft, fields)
    return True
