"""The probe's address: a short stream for the doctor, who looks at how it comes through the proxies."""

import json
import time
from collections.abc import Iterator

from flask import Blueprint, Response, current_app, request
from werkzeug.exceptions import NotFound, ServiceUnavailable

from informejo import db
from informejo.doctor import actions
from informejo.doctor.probe import LONG_SECONDS, MARKS, SPACING
from informejo.live import wire
from informejo.live.hub import BEAT_SECONDS, hub
from informejo.web import public

bp = Blueprint("probe", __name__)


@bp.get("/live/probe")
@public
def probe():
    """Marks that are sent apart, and what the app sees of the request. Without a token it is not there."""
    given = request.authorization
    if given is None or given.type != "bearer" or not actions.open_probe(given.token or ""):
        raise NotFound
    db.commit()
    if len(hub) >= current_app.config["STREAMS_TOTAL"]:
        raise ServiceUnavailable("Too many people are watching.", retry_after=30)
    return Response(_body(_seen(), "long" in request.args), headers=wire.HEADERS)


def _seen() -> str:
    named = request.headers.get("X-Forwarded-For", "")
    hops = len(named.split(",")) if named else 0
    return json.dumps({"hops": hops, "host": request.host, "scheme": request.scheme})


def _body(seen: str, long: bool) -> Iterator[bytes]:
    for number in range(MARKS):
        if number:
            time.sleep(SPACING)
        yield wire.message(seen, event="mark")
    for second in range(1, LONG_SECONDS + 1 if long else 0):
        if hub.closing:
            return
        time.sleep(1)
        if second % BEAT_SECONDS == 0:
            yield wire.message("", event="beat")
