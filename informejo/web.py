"""What every page shares: who is asking, how a page and a fragment are answered, and what an error looks like."""

import re
from functools import partial
from urllib.parse import urlencode

from flask import after_this_request, current_app, g, jsonify, redirect, render_template, request
from sqlalchemy import Connection
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.exceptions import HTTPException, NotFound, Unauthorized
from werkzeug.wrappers import Response

from informejo import db, drawn, logs, metrics, policy, security
from informejo.accounts.models import Role, User
from informejo.accounts.sign_ins import holds, reader_for, who_asks
from informejo.desk import stats
from informejo.doctor.queries import something_broken
from informejo.drafts.queries import draft_for, draft_of, kept_texts
from informejo.events import log
from informejo.events.log import Standing
from informejo.live import fragments
from informejo.live.hub import hub
from informejo.tickets.queries import unread_for
from informejo.turns import trouble, vouch_with

SENTENCES = {
    400: "The address or the form could not be understood.",
    404: "There is no such page, or it is not for you to see.",
    405: "That cannot be done here.",
    413: "That is more than fits into one message.",
    429: "That was a lot at once.",
}
PASSWORDS = {"password": "Password", "again": "Password again", "current": "Current password"}  # never sent back
UNREAD = (400, 413, 415)  # what was sent was not read to its end
TROUBLES = {
    "busy": (503, "The desk is busy for a moment. Nothing was saved; please send it again.", 5),
    "full": (507, "The desk has no room left to save anything. Nothing was saved; please send it again later.", 60),
    "broken": (503, "The desk cannot reach its records just now. Nothing was saved; please send it again later.", 60),
}
NOTICES = {
    "registered": "If this address was new, an account was made. Sign in to go on.",
    "signed-out": "You are signed out.",
    "profile-saved": "Your profile is saved.",
    "password-changed": "Your password is changed, and you are signed out everywhere else.",
    "password-chosen": "Your password is chosen. You are signed in.",
    "sessions-ended": "You are signed out everywhere else.",
    "draft-saved": "Your draft is saved.",
    "draft-without-files": "Your text is saved as a draft. Files are not: choose them again before you send it.",
    "draft-discarded": "The draft is gone.",
    "draft-kept": "You are signed in again. What you had typed is still here: look it over and send it.",
    "ticket-deleted": "The ticket is in the bin, from where it can be brought back.",
    "ticket-restored": "The ticket is back.",
    "ticket-opened": "You opened this ticket. Answers appear here as they come.",
    "ticket-opened-for-another": "You opened this ticket for somebody else, whose name it carries.",
    "examined": "Everything has been checked.",
    "user-changed": "The change is saved.",
    "handed-over": "The tickets are handed over.",
}
MAYBE = {"registered"}  # no word of success: whether the address was new is nobody else's business
_OURS = re.compile(r"/(?![/\\])[^\\]*")  # a path, and not another site's name behind two slashes


def init_app(app):
    """Load the actor before each request, refuse strangers, and make every error a page."""
    app.before_request(_load_actor)
    app.teardown_request(_leave)
    app.register_error_handler(Exception, _error)
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


def shows(view):
    """Mark a view that changes nothing: who asks is looked up as a plain row (`Reader`), which is cheaper."""
    view.shows = True
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
    """
    person = g.get("actor")
    if "stream" not in context:
        context["stream"] = stream() if person else ""
    context["unread"] = unread_for(person) if person else 0
    context["counts"] = stats.counts_for(person, standing()) if person and person.is_staff else None
    context["ill"] = bool(person and policy.may(person, "desk.examine") and something_broken())
    if "status" not in context:  # of an error page nothing holds that was to be said
        notice, own = _noticed(), context.pop("sentences", {})
        context |= {"notice": own.get(notice) or NOTICES.get(notice, ""), "done": notice not in MAYBE}
    return drawn.sign(render_template(template, **context))


def stream(*on: str) -> str:
    """The address of this page's live stream, from now on. Views call it before they read what they show."""
    everywhere = ("me", "desk") if actor().is_staff else ("me",)
    topics = [("on", topic) for topic in dict.fromkeys((*on, *everywhere))]
    return "/live?" + urlencode([*topics, (drawn.ARGUMENT, actor().id), ("since", str(standing().bookmark))])


def standing() -> Standing:
    """Where the log stood when this request began, before anything was read that its page shows.

    Where the request may have changed something itself, where it stands now.
    """
    known = g.get("standing") if request.method in security.SAFE else None
    return known or log.standing()


def since_of(stream: str) -> str:
    """The bookmark in a stream's address: where the log stood before the page's rows were read."""
    return stream.rpartition("since=")[2]


def answer(partials: str, location: str, status: int = 200, notice: str = ""):
    """The end of a change: fragments for htmx, a redirect to where the change can be seen for everybody else."""
    return (partials, status) if wants_fragment() else go_to(location, notice)


def go_to(location: str, notice: str = "") -> Response:
    """On to another page, which says once what was done; htmx would follow a plain redirect behind the open page.

    `notice` is a name of NOTICES. It travels in a cookie: in an address it would be said again at each reload, also
    when it is no longer so, and by links that others made up.
    """
    response = Response(headers={"HX-Redirect": location}) if wants_fragment() else redirect(location, 303)
    return security.with_notice(response, notice) if notice else response


def _noticed() -> str:
    """What this browser is to be told, by name; from here on it has been told."""
    notice = "" if wants_fragment() else security.notice()
    if notice:
        after_this_request(security.without_notice)
    return notice


def local(address: str | None, otherwise: str = "/") -> str:
    """`address` if it is a path on this site, `otherwise` if it leads anywhere else.

    Browsers mend odd slashes, and leave out tabs and the like, before they look where an address leads.
    """
    return address if address and address.isprintable() and _OURS.fullmatch(address) else otherwise


def sign_out_of_page():
    """Draw what is drawn from here on as for a visitor: whoever was signed in when the request came is so no more."""
    db.session.rollback()
    g.session, g.actor, g.me = None, None, ""


def _load_actor():
    g.pop("me", None)
    db.read_again_after_commit(False)
    view = current_app.view_functions.get(request.endpoint)
    if request.mimetype == "multipart/form-data":
        _read_body()
    _look_up(view)
    if g.actor and view and not getattr(view, "anybody", False):
        drawn.check(g.actor)
        vouch_with(partial(_vouch, g.session.id, g.actor.role))


def _leave(_error):
    vouch_with(None)
    db.read_again_after_commit(True)


def _read_body():
    """Before anybody is looked up: while files arrive, people may be signed out, shut out, or given another role."""
    try:
        request.form  # noqa: B018 - reads the body
    except HTTPException:
        _look_up(None)  # the page that says what is wrong with it is theirs
        raise


def _look_up(view):
    """Find out who is asking. Raises Unauthorized for a visitor where somebody has to be signed in."""
    g.revocations = hub.revocations  # noted before, for whoever must know that the rights found here still hold
    look = reader_for if getattr(view, "shows", False) else who_asks
    found = None if getattr(view, "probe", False) else look(security.cookie())
    g.session, g.standing = found or (None, None)
    g.actor = g.session.user if g.session else None
    g.me = str(g.actor.id) if g.actor else ""
    if g.actor:
        logs.name_user(g.actor.id)
    elif view and not getattr(view, "public", False) and request.endpoint != "static":
        raise Unauthorized


def _vouch(session_id: int, role: Role, connection: Connection):
    """Files, hashes and the turn to write are waited for. Rights that ended meanwhile write nothing any more."""
    if not holds(session_id, role, connection):
        raise Unauthorized


def _error(error: Exception):
    if isinstance(error, HTTPException) and error.code and error.code < 400:
        return error  # a redirect that Werkzeug raised
    db.session.rollback()
    status, sentence, headers = _explain(error)
    if _wants_json():
        return jsonify(status=status, error=sentence), status, headers
    if isinstance(error, policy.Unseen) and (error.binned or wants_fragment()):
        return _gone(error), status, headers
    if status >= 500:  # whatever broke must not break the page that says so: it is drawn as for a visitor, from nothing
        g.actor = None
    else:
        _look_up(None)  # nobody did so far, or the rollback has forgotten what was known of them, and they may be gone
    typed = _typed() if trouble(error) or status == 429 else {}
    texts = [] if typed or status in UNREAD else _texts(status)
    context = {"title": "Error", "status": status, "sentence": sentence, "typed": typed, "texts": texts}
    context["passwords"] = PASSWORDS
    context |= {name: getattr(error, name, None) for name in ("headline", "next", "way_back")}
    return page("error.html", **context, stream=""), status, headers


def _gone(unseen: policy.Unseen) -> str:
    """A ticket that is not there any more: the same word as on a page it is taken from live, and what was typed."""
    lost = fragments.farewell(unseen.number, unseen.binned)
    if wants_fragment():
        return lost.render()
    return page("tickets/lost.html", title=f"Ticket #{unseen.number}", lost=lost, texts=_texts(404))


def _texts(status: int) -> list[tuple[str, str, str]]:
    """What was typed for the page that cannot be shown: what was sent just now, else what is kept as its draft."""
    if request.method not in security.SAFE:
        return kept_texts(request.form)
    return kept_texts(draft_for(g.actor, draft_of(request.path))) if status in (403, 404) and g.get("actor") else []


def _typed() -> dict[str, str]:
    """The fields of the form that could not be saved: the page that says so offers to send them again."""
    fields = {} if request.method in security.SAFE else request.form.to_dict()
    fields.pop(drawn.FIELD, None)  # the page signs its forms anew
    return {name: "" if name in PASSWORDS else text for name, text in fields.items()}


def _explain(error: Exception) -> tuple[int, str, dict]:
    if isinstance(error, (ObjectDeletedError, StaleDataError)):
        error = NotFound()  # a row that went while this request had it in hand
    kind = trouble(error)
    if kind:
        status, sentence, seconds = TROUBLES[kind]
        metrics.database_troubles.labels(kind).inc()
        current_app.logger.warning("database %s: %s %s: %s", kind, request.method, logs.path(), _cause(error))
        return status, sentence, {"Retry-After": str(seconds)}
    if isinstance(error, HTTPException):
        headers = {name: value for name, value in error.get_headers() if name in ("Allow", "Retry-After")}
        return error.code, SENTENCES.get(error.code, error.description), headers
    incident = logs.request_id()
    metrics.incidents.inc()
    current_app.logger.exception("incident %s: %s %s", incident, request.method, logs.path())
    return 500, f"Something broke on our side. If you report it, say incident {incident}.", {}


def _cause(error: Exception) -> Exception:
    return getattr(error, "orig", error)  # the statement around it holds what people wrote


def _wants_json() -> bool:
    return request.path.startswith("/live") or request.accept_mimetypes.best == "application/json"
