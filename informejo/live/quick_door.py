"""The quick door of streams, in front of Flask: opens what is plainly in order, and lets everything else go on.

After a restart thousands of browsers come back at once, and nearly all of them ask for the same plain thing. Here it
costs half of what it costs with all that Flask does for a request. This door never refuses: what it does not open, for
whatever reason, `live/stream.py` looks at from the beginning, and answers. So each rule about who may not listen, and
what they are told, stands there alone; here stands only what is plain.
"""

import logging
import time
from urllib.parse import parse_qs

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.http import parse_cookie

from informejo import logs, metrics, security
from informejo.accounts.sign_ins import viewer_for
from informejo.faults import note
from informejo.live import opening, wire
from informejo.live.hub import Full, hub
from informejo.live.opening import Opened, Wanted
from informejo.turns import trouble

ADDRESS = "/live"
ODD = {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING", "HTTP_DRAWN_FOR"}
ARGUMENTS = {"on", "for", "since"}


def init_app(app: Flask):
    """Put the door in front of whatever answers requests so far."""
    behind, headers = app.wsgi_app, _headers(app)

    def enter(environ, start_response):
        if _is_plain(environ):
            with app.app_context():
                _serve(environ, headers)
        return behind(environ, start_response)

    app.wsgi_app = enter


def _headers(app: Flask) -> list[tuple[str, str]]:
    """Those that every stream's head has. Flask's own way to them is used, so that nothing is said twice."""
    with app.test_request_context(ADDRESS):
        return list(security.finish(Response(headers=wire.HEADERS)).headers)


def _is_plain(environ: dict) -> bool:
    return (
        (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", ADDRESS)
        and environ.get("HTTP_SEC_FETCH_SITE") in security.OURS
        and environ.keys().isdisjoint(ODD)
        and opening.can_be_handed_over(environ)
        and not logs.access.isEnabledFor(logging.DEBUG)  # then the request has a line of its own, which Flask writes
    )


def _serve(environ: dict, headers: list[tuple[str, str]]):
    """Open the stream if it is plain to do so, and raise BrokenPipeError: the hub has it. Else nothing has happened."""
    logs.begin(environ)
    try:
        opened = _opened(environ)
        if opened:
            metrics.request("GET", "live.pages", 200, time.monotonic() - environ["informejo.began"])
            headers = [*headers, ("X-Request-ID", logs.request_id())]
            opening.hand_over(opened, environ["gunicorn.socket"], headers)
    finally:
        logs.end()


def _opened(environ: dict) -> Opened | None:
    """The stream that is asked for, open; None when that is not plain."""
    try:
        wanted = _wanted(environ)
        if not wanted or hub.closing:
            return None
        channels, unseen = opening.channels(wanted)
        return None if unseen else opening.begin(wanted, channels)
    except (HTTPException, Full):
        return None  # Flask finds the same, and says it
    except Exception as error:
        if not trouble(error):
            note("quick door", error)
        return None


def _wanted(environ: dict) -> Wanted | None:
    said = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    revocations = hub.revocations  # before the look, as in `web.look_up`
    asking = viewer_for(parse_cookie(environ).get(security.cookie_name(), ""))
    if not asking or not said.keys() <= ARGUMENTS or set(said.get("for", ())) - {str(asking.session.user.id)}:
        return None
    again = environ.get("HTTP_LAST_EVENT_ID")
    asked, returning = again or said.get("since", [""])[0], again is not None
    return Wanted(asking.session, asking.standing, revocations, said.get("on", []), "html", asked, returning)
