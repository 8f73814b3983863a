"""What every page shares: who is asking, and how a page and a fragment are answered."""

import re
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from urllib.parse import urlencode

from flask import after_this_request, current_app, g, redirect, render_template, request
from sqlalchemy import Connection
from sqlalchemy.exc import DontWrapMixin
from sqlalchemy.orm import scoped_session
from werkzeug.exceptions import HTTPException, Unauthorized
from werkzeug.urls import iri_to_uri
from werkzeug.wrappers import Response

from informejo import cookies, db, drawn, logs, policy, security
from informejo.accounts.inputs import browser
from informejo.accounts.models import Role, User
from informejo.accounts.sign_ins import Asking, holds, viewer_for, who_asks
from informejo.asked_for import ticket_asked_for
from informejo.desk import stats
from informejo.doctor.queries import something_broken
from informejo.events import log
from informejo.events.log import Origin, Standing
from informejo.mail.health_queries import lasting_troubles
from informejo.tickets.queries import unread_for
from informejo.turns import vouch_with

NOTICES = {
    "registered": "Your account is made, and you are signed in.",
    "signed-out": "You are signed out.",
    "profile-saved": "Your profile is saved.",
    "mail-choices-saved": "What you are mailed about is saved.",
    "password-changed": "Your password is changed, and you are signed out everywhere else.",
    "password-chosen": "Your password is chosen. You are signed in.",
    "address-offered": "A mail is on its way. With the link in it you show that the address is yours.",
    "address-confirmed": "Your address is confirmed.",
    "account-erased": "Your account is deleted.",
    "session-ended": "That sign-in is ended.",
    "second-factor-on": "From now on a code of your app is asked for when you sign in.",
    "app-was-added": "The app is on. If you have not seen your recovery codes, make new ones below.",
    "factor-was-added": "Your second factor is on. If you have not seen your recovery codes, make new ones in"
    " your settings, at Security.",
    "passkey-was-added": "The passkey is added. If you have not seen your recovery codes, make new ones below.",
    "app-too-late": "That took too long, or something changed meanwhile. Add the app once more.",
    "second-factor-off": "The app is removed: its codes are not asked for any more.",
    "passkey-added": "The passkey is added: you can sign in with it.",
    "passkey-removed": "The passkey is removed. You can delete it on your device too.",
    "sessions-ended": "You are signed out everywhere else.",
    "draft-saved": "Your draft is saved.",
    "draft-without-files": "Your text is saved as a draft. Files are not: choose them again before you send it.",
    "draft-discarded": "The draft is gone.",
    "draft-kept": "You are signed in again. What you had typed is still here: look it over and send it.",
    "ticket-deleted": "The ticket is in the bin, from where it can be brought back.",
    "ticket-restored": "The ticket is back.",
    "ticket-opened": "You opened this ticket. Answers appear here as they come.",
    "ticket-opened-for-another": "You opened this ticket for somebody else, whose name it carries.",
    "team-created": "There is a new team. Say who is in it and what it gets.",
    "team-changed": "The team is changed.",
    "team-deleted": "The team is no more. Its tickets are of no team now.",
    "ticket-out-of-sight": "The ticket is where you sent it. You do not see it any more.",
    "ticket-opened-out-of-sight": "The ticket is opened. It went to a team whose tickets you do not see.",
    "mail-out-of-sight": "That is done. The mail is with a ticket now that you do not see.",
    "examined": "Everything has been checked.",
    "event-dealt-with": "The event has been dealt with.",
    "event-still-kept": "The event could not be dealt with this time either. What went wrong stands below.",
    "user-changed": "The change is saved.",
    "user-unchanged": "Nothing had to be changed: it is so already.",
    "mail-read-again": "The mail was read again. Below is what became of it.",
    "mail-made-ticket": "There is a ticket of this mail.",
    "mail-moved": "The mail is moved.",
    "mail-moved-back": "The mail is back where it was.",
    "password-offered": "A link to choose a password will be mailed.",
    "invited": "The account is made, and the invitation will be mailed.",
    "known-address": "There is an account with this address already. Nothing was changed.",
    "merged": "The two accounts are one.",
    "erased-them": "Name and address are erased.",
    "sessions-ended-of": "They are signed out everywhere.",
    "factors-reset": "They have no second factor any more, and are signed out everywhere.",
    "link-asked": "If this address has such a ticket, a new link is on its way to it. It can take a minute or two."
    " Where several went to it within an hour no more are sent: those work, and so do the codes in them.",
    "link-offered": "A new link will be mailed to the requester.",
    "link-ended": "The link is ended. It opens nothing any more.",
    "all-links-ended": "All links to the ticket are ended. Nothing that was mailed for it so far opens it any more.",
    "link-left": "You left the ticket in this browser. Links in your mails work as before.",
    "ticket-confirmed": "Thank you. We know now that this is your ticket.",
    "settings-saved": "What you changed is saved. Below is what was changed, with a way back.",
    "sso-link-first": "There is an account with your address here already. Sign in to it once as you did so far, and"
    " link it then.",
    "sso-linked": "It is linked: from now on it signs you in here.",
    "sso-linked-already": "It was linked already.",
    "sso-unlinked": "It signs you in here no more, and whoever came in by it elsewhere is signed out.",
    "sso-role-kept": "Your provider says that you are no administrator any more. Nobody else here is one, so you still"
    " are.",
    "sso-mapping-saved": "The mapping is saved, and everybody has the role that it says.",
    "mail-again": "The mail is on its way again.",
}
# No word of success: whether the address is known is nobody else's business.
MAYBE = {"link-asked", "event-still-kept", "known-address", "user-unchanged", "sso-link-first", "sso-role-kept"}
_OURS = re.compile(r"/(?![/\\])[^\\]*")  # a path, and not another site's name behind two slashes


class Ended(Unauthorized, DontWrapMixin):
    """Sign-in or role ended while the request waited. In whatever statement it is found, it is told as it is."""


def init_app(app):
    """Load the actor before each request, and refuse strangers."""
    app.before_request(_load_actor)
    app.teardown_request(_leave)
    app.context_processor(lambda: {"me": g.get("actor"), "drawn_for": drawn.whom(), "path": request.path})


def public(view):
    """Mark a view that visitors may see. All others need somebody who is signed in."""
    view.public = True
    return view


def anybody(view):
    """Mark a view for which who is signed in means nothing: it asks for a password itself, and acts for its owner."""
    view.public = view.anybody = True
    return view


def probe(view):
    """Mark a view for programs that watch: public, and nobody is looked up, so that it answers without a database."""
    view.public = view.probe = True
    return view


def for_programs(view):
    """Mark a view to which other machines send what they have signed: nobody is looked up, and no browser is meant."""
    view.for_programs = True
    return probe(view)


def by_link(view):
    """Mark a view of one ticket, for which a link to that ticket is as good as a sign-in of its requester."""
    view.by_link = True
    return view


def opens_stream(view):
    """Mark a door of streams, which draws no page and changes nothing: who asks is looked up as a plain row."""
    view.opens_stream = True
    return view


def actor() -> User:
    """The person on whose behalf this request acts. Raises Unauthorized for a visitor."""
    if g.get("actor") is None:
        raise Unauthorized
    return g.actor


def wants_fragment() -> bool:
    """Whether htmx asked, and takes partials for an answer."""
    return request.headers.get("HX-Request") == "true"


def page(template: str, **context) -> str:
    """A whole page. A view that shows live things takes `stream=stream(...)` *before* it reads what it shows.

    `sentences` are what this page says for a name of NOTICES in its own words, because it knows whom it is about.
    `undo`, an `address` and an `event`, takes back what the notice tells of: whoever gives it knows that it does.
    """
    look_up_again()
    person = g.get("actor")
    if "stream" not in context:
        context["stream"] = stream() if person else ""
    context["unread"] = unread_for(person) if person and person.only is None else 0
    context["counts"] = stats.counts_for(person, standing()) if person and person.is_staff else None
    looks_after_it = policy.may(person, "desk.examine")
    context["ill"] = looks_after_it and something_broken()
    context["troubles"] = lasting_troubles() if looks_after_it else ()
    if "status" not in context:  # of an error page nothing holds that was to be said
        notice, own = _noticed(), context.pop("sentences", {})
        context |= {"notice": own.get(notice) or NOTICES.get(notice, ""), "done": notice not in MAYBE}
    return drawn.sign(render_template(template, **context))


def stream(*on: str) -> str:
    """The address of this page's live stream, from now on. Views call it before they read what they show."""
    everywhere = ("me", "desk") if actor().is_staff else ("me",) if actor().only is None else ()
    topics = [("on", topic) for topic in dict.fromkeys((*on, *everywhere))]
    return "/live?" + urlencode([*topics, (drawn.ARGUMENT, actor().id), ("since", str(standing().bookmark))])


def standing() -> Standing:
    """Where the log stood when it was looked up who asks, before anything was read that the page shows."""
    g.standing = g.standing or log.standing()
    return g.standing


def answer(partials: str, location: str, status: int = 200, notice: str = ""):
    """The end of a change: fragments for htmx, a redirect to where the change can be seen for everybody else."""
    return (partials, status) if wants_fragment() else go_to(location, notice)


def go_to(location: str, notice: str = "") -> Response:
    """On to another page, which says once what was done; htmx would follow a plain redirect behind the open page.

    `notice` is a name of NOTICES. It travels in a cookie: in an address it would be said again at each reload, also
    when it is no longer so, and by links that others made up.
    """
    response = Response(headers={"HX-Redirect": iri_to_uri(location)}) if wants_fragment() else redirect(location, 303)
    return cookies.with_notice(response, notice) if notice else response


def _noticed() -> str:
    """What this browser is to be told, by name; from here on it has been told."""
    notice = "" if wants_fragment() else cookies.notice()
    if notice:
        after_this_request(cookies.without_notice)
    return notice


def local(address: str | None, otherwise: str = "/") -> str:
    """`address` if it is a path on this site, `otherwise` if it leads anywhere else.

    Browsers mend odd slashes, and leave out tabs and the like, before they look where an address leads.
    """
    return address if address and address.isprintable() and _OURS.fullmatch(address) else otherwise


@contextmanager
def seen_as(user: User, only: int | None = None):
    """What is drawn in here is drawn for that person, with `only` as the requester of that ticket; nothing else is."""
    before = g.actor, g.me
    user.only = only
    _act_as(user)
    try:
        yield user
    finally:
        user.only = None
        g.actor, g.me = before


def draw_for(user: User | None):
    """Draw what is drawn from here on for this person, or for a visitor, whoever it was when the request came."""
    g.session, g.standing, g.may_be_old = None, None, False
    _act_as(user)


def while_signed_in():
    """Whatever is written from here on is written only while the sign-in of who asks still holds."""
    vouch_with(partial(_vouch, g.session.id, g.actor.role, g.actor.narrowed))


def cut_off_with_the_sign_in(pieces: Iterable[str | bytes]) -> Iterator[str | bytes]:
    """A long answer, piece by piece, until the sign-in ends that asked for it: then it raises Ended, and is cut off.

    No connection is held, and no row locked, while a piece is on its way.
    """
    sign_in, pieces = (g.session.id, g.actor.role, g.actor.narrowed), iter(pieces)
    while True:
        _vouch(*sign_in, db.session)
        db.session.rollback()
        if (piece := next(pieces, None)) is None:
            return
        yield piece


def look_up_again():
    """Before a page answers a form: find out anew who is asking, and read again whatever was read so far.

    While the form was looked at rights may have ended, and what was known of people got old.
    Raises Unauthorized when they may not see the page any more.
    """
    if g.get("may_be_old"):
        db.session.rollback()
        look_up(_view())


def _view() -> Callable | None:
    return current_app.view_functions.get(request.endpoint)


def _opens_stream(view: Callable | None) -> bool:
    return getattr(view, "opens_stream", False)  # it commits nothing, and mostly needs no session of the database


def _load_actor():
    g.pop("me", None)
    log.come_from(Origin(security.peer(), browser(request.user_agent.string)))
    view = _view()
    if not _opens_stream(view):
        db.read_again_after_commit(False)
    if request.mimetype == "multipart/form-data":
        _read_body()
    look_up(view)
    if g.actor and view and not getattr(view, "anybody", False):
        drawn.check(g.actor)
        while_signed_in()
    g.may_be_old = request.method not in security.SAFE


def _leave(_error):
    vouch_with(None)
    log.come_from(log.NOWHERE)
    if not _opens_stream(_view()):
        db.read_again_after_commit(True)


def _read_body():
    """Before anybody is looked up: while files arrive, people may be signed out, shut out, or given another role."""
    try:
        request.form  # noqa: B018 - reads the body
    except HTTPException:
        look_up(None)  # the page that says what is wrong with it is theirs
        raise


def look_up(view):
    """Find out who is asking. Raises Unauthorized for a visitor where somebody has to be signed in."""
    look = viewer_for if _opens_stream(view) else who_asks
    found = None if getattr(view, "probe", False) else look(cookies.cookie()) or _find_link(look)
    g.session, g.standing, g.revocations = found or (None, None, None)
    g.may_be_old = False
    _act_as(g.session and g.session.user)
    if g.actor:
        logs.name_user(g.actor.id)
    elif view and not getattr(view, "public", False) and request.endpoint != "static":
        raise Unauthorized


def held_link() -> tuple[str, int] | None:
    """The link that this browser holds to the very ticket that is asked for, and its number; it may have ended."""
    if not (getattr(_view(), "by_link", False) and cookies.has_link_cookies()):
        return None
    number = ticket_asked_for()
    token = number and cookies.link_cookie(number)
    return (token, number) if token else None


def _find_link(look: Callable) -> Asking | None:
    """Whoever is not signed in may hold one."""
    held = held_link()
    return look(*held) if held else None


def _act_as(person: User | None):
    g.actor, g.me = person, str(person.id) if person else ""


def _vouch(session_id: int, role: Role, narrowed: bool, connection: Connection | scoped_session):
    """Raise Ended if sign-in or role ended while the request waited: for files, a hash, or its turn to write."""
    if not holds(session_id, role, narrowed, connection):
        raise Ended
