"""The quick door of streams, in front of Flask: opens what is plainly in order, and lets everything else go on.

After a restart thousands of browsers come back at once, and nearly all of them ask for the same plain thing; decision
18 says what the way past Flask saves. This door never answers. What it does not open, for whatever reason, goes on to
Flask, which looks again from the beginning: so who is refused, and in which words, is decided behind it alone. What is
looked at here may be narrower than the rules behind, never wider; tests/live/test_quick_door.py compares both.
"""

import logging
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qs

from flask import Flask, Response
from werkzeug.exceptions import HTTPException
from werkzeug.sansio.http import parse_cookie  # as `Request.cookies` does

from informejo import cookies, drawn, logs, security
from informejo.accounts.sign_ins import Asking, viewer_for
from informejo.asked_for import ticket_of_stream
from informejo.faults import note
from informejo.live import opening, wire
from informejo.live.hub import Refused, hub
from informejo.live.opening import Opened, Wanted
from informejo.turns import trouble

ADDRESS, ENDPOINT = "/live", "live.pages"
ARGUMENTS = {"on", "since", drawn.ARGUMENT}
DRAWN_FOR = f"HTTP_{drawn.HEADER.upper().replace('-', '_')}"
OF_A_BODY = {"CONTENT_LENGTH", "CONTENT_TYPE", "HTTP_CONTENT_ENCODING", "HTTP_TRANSFER_ENCODING"}  # `uploads` limits it


def init_app(app: Flask):
    """Put the door in front of whatever answers requests so far; it hands over what was opened behind it, too."""
    behind, headers = app.wsgi_app, _headers(app)

    def enter(environ, start_response):
        opened = _opened(app, environ) if _is_plain(environ) else None
        if opened:
            opening.hand_over(opened, environ["gunicorn.socket"], [*headers, ("X-Request-ID", environ[logs.ID])])
        answer = _answer(behind, environ, start_response)
        if opening.STREAM in environ:
            opened, theirs = environ[opening.STREAM]
            opening.hand_over(opened, environ["gunicorn.socket"], theirs)
        return answer

    app.wsgi_app = enter


def _headers(app: Flask) -> list[tuple[str, str]]:
    """Those of every stream's head but its request's id; `security.finish` makes them, as it does for Flask."""
    with app.test_request_context(ADDRESS):
        return list(security.finish(Response(headers=wire.HEADERS)).headers)


def _is_plain(environ: dict) -> bool:
    return (
        (environ["REQUEST_METHOD"], environ["PATH_INFO"]) == ("GET", ADDRESS)
        and environ["QUERY_STRING"].isascii()
        and security.may_read(environ.get("HTTP_SEC_FETCH_SITE"))
        and environ.keys().isdisjoint(OF_A_BODY)
        and opening.can_be_handed_over(environ)
        and not logs.access.isEnabledFor(logging.DEBUG)  # then each request has a line, which `logs` writes from Flask
    )


def _opened(app: Flask, environ: dict) -> Opened | None:
    """The stream that is asked for, open. None where that is not plain or anything fails, and then nothing is open."""
    opened = None
    try:
        with app.app_context():
            logs.begin(environ)
            opened = _open(_wanted(environ))
            if opened:
                logs.count(environ, ENDPOINT, 200)
        return opened
    except (HTTPException, Refused):
        return None  # Flask looks anew, and says what is still so
    except Exception as error:
        if opened:
            hub.drop(opened.subscription, reason="fault")
        if not trouble(error):
            note("quick door", error)
        return None
    finally:
        logs.end()


def _open(wanted: Wanted | None) -> Opened | None:
    if not wanted:
        return None
    channels, unseen = opening.find_channels(wanted)
    return None if unseen else opening.open_stream(wanted, channels)


def _wanted(environ: dict) -> Wanted | None:
    said = parse_qs(environ["QUERY_STRING"], keep_blank_values=True)
    asking = _who_asks(parse_cookie(environ.get("HTTP_COOKIE")), said.get("on", []))
    if not asking or not said.keys() <= ARGUMENTS:
        return None
    own = str(asking.session.user.id)
    if {*said.get(drawn.ARGUMENT, ()), environ.get(DRAWN_FOR, own)} - {own}:  # as in `drawn.check`
        return None
    return Wanted(asking, said.get("on", []), "html", environ.get("HTTP_LAST_EVENT_ID"), said.get("since", [""])[0])


def _who_asks(held: Mapping[str, str], topics: list[str]) -> Asking | None:
    """As in `web.look_up`: whoever signed in, or else whoever holds a link to the very ticket that is asked for."""
    found = viewer_for(held.get(cookies.cookie_name(), ""))
    number = None if found else ticket_of_stream(topics)
    token = number and cookies.link_cookie(number, held)
    return viewer_for(token, number) if token else found


def _answer(behind: Callable, environ: dict, start_response: Callable) -> Iterable[bytes]:
    try:
        return behind(environ, start_response)
    except BaseException:
        if opening.STREAM in environ:
            hub.drop(environ[opening.STREAM][0].subscription, reason="fault")
        raise
