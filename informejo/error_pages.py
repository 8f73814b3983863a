"""What an error looks like: a page that says what happened and what is safe, with everything that was typed."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from flask import current_app, g, jsonify, request
from sqlalchemy.orm.exc import ObjectDeletedError, StaleDataError
from werkzeug.datastructures import MultiDict
from werkzeug.exceptions import HTTPException, NotFound

from informejo import clock, db, drawn, logs, metrics, policy, rates, security
from informejo.accounts.models import User
from informejo.audit import accesses
from informejo.drafts.queries import draft_for, draft_of, kept_texts
from informejo.live import makers
from informejo.turns import trouble, vouch_with
from informejo.web import look_up, page, wants_fragment

SENTENCES = {
    400: "The address or the form could not be understood.",
    404: "There is no such page, or it is not for you to see.",
    405: "That cannot be done here.",
    413: "That is more than fits into one message.",
    429: "That was a lot at once.",
}
PASSWORDS = {
    "password": "Password",
    "again": "Password again",
    "current": "Current password",
    "code": "Code",
}  # never sent back
CARRIED_ON = "informejo.carried"  # in a request's environ: what goes through the sign-in, by name
REFUSALS = {403: "refused", 429: "too-many"}  # what the audit tells of
UNREAD = (400, 413, 415)  # what was sent was not read to its end
TROUBLES = {
    "busy": (503, "The desk is busy for a moment. Nothing was saved; please send it again.", 5),
    "full": (507, "The desk has no room left to save anything. Nothing was saved; please send it again later.", 60),
    "broken": (503, "The desk cannot reach its records just now. Nothing was saved; please send it again later.", 60),
}


def init_app(app):
    """Make every error a page."""
    app.register_error_handler(Exception, _error)


def carries_words(hidden: Mapping[str, str]) -> bool:
    """Whether more goes through the sign-in than where to go on: a draft, or another form."""
    return not hidden.keys().isdisjoint(("draft", "form"))


def _error(error: Exception):
    if isinstance(error, HTTPException) and error.code and error.code < 400:
        return error  # a redirect that Werkzeug raised
    db.session.rollback()
    status, sentence, headers = _explain(error)
    if status in REFUSALS:
        _write_down(status)
    if _wants_json():
        return jsonify(status=status, error=sentence), status, headers
    if status >= 500:  # whatever broke must not break the page that says so: it is drawn as for a visitor, from nothing
        g.actor, g.may_be_old = None, False
    else:
        look_up(None)  # nobody did so far, or the rollback has forgotten what was known of them, and they may be gone
    if g.actor and isinstance(error, policy.Unseen) and (error.binned or wants_fragment()):
        return _gone(error), status, headers
    typed = _typed() if trouble(error) or status == 429 else {}
    texts = [] if typed or status in UNREAD else _texts(status)
    context = {"title": "Error", "status": status, "sentence": sentence, "typed": typed, "texts": texts}
    context["carried"] = {} if typed else _carried()
    context |= {"passwords": PASSWORDS, "again_at": _again_at(error) if status == 429 else None}
    context |= {name: getattr(error, name, None) for name in ("headline", "next", "way_back")}
    return page("error.html", **context, stream=""), status, headers


def _write_down(status: int):
    """Somebody was refused: an administrator reads of it, as far as that fills no disk, and no page waits for it."""
    id = request.environ.get("informejo.user")
    known = id is not None or status == 429  # of strangers there is no end
    person = f"user {id}" if id else security.address()
    if known and rates.has_room("refusal written down", person) and rates.has_room("refusals written down"):
        vouch_with(None)  # it stays true of whoever is signed out while this waits for its turn
        db.commit_if_possible(lambda: _note(status, id))


def _note(status: int, id: int | None) -> bool:
    said = f"{request.method} {logs.pattern()}"  # which ticket is not for all who audit
    accesses.note(REFUSALS[status], user=db.session.get(User, id) if id else None, said=said)
    return True


def _again_at(error: HTTPException) -> datetime:
    """From when on it may be tried again."""
    waits = getattr(error, "retry_after", None)
    return clock.now() + timedelta(seconds=waits if isinstance(waits, int) else 60)


def _gone(unseen: policy.Unseen) -> str:
    """A ticket that is not there any more: the same word as on a page it is taken from live, and what was typed."""
    lost = makers.farewell(unseen.number, unseen.binned)
    if wants_fragment():
        return lost.render()
    return page("tickets/lost.html", title=f"Ticket #{unseen.number}", lost=lost, texts=_texts(404))


def _texts(status: int) -> list[tuple[str, str, str]]:
    """What was typed for the page that cannot be shown: what was sent just now, else what is kept as its draft."""
    if request.method not in security.SAFE:
        return kept_texts(request.form)
    return kept_texts(draft_for(g.actor, draft_of(request.path))) if status in (403, 404) and g.get("actor") else []


def _typed() -> MultiDict[str, str]:
    """The fields of the form that could not be saved: the page that says so offers to send them again."""
    sent = () if request.method in security.SAFE else request.form.items(multi=True)
    left_out = {drawn.FIELD, "credential"}  # the page signs its forms anew; what a passkey answered is good once
    return MultiDict([(name, "" if name in PASSWORDS else text) for name, text in sent if name not in left_out])


def _carried() -> dict[str, str]:
    """What was on its way through a sign-in that came to nothing."""
    carried = request.environ.get(CARRIED_ON, {})
    return carried if carries_words(carried) else {}


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
