"""A bare Flask answer, as long as a stream's greeting: no view of Flask's opens a stream in less time."""

from flask import Flask, Response

from informejo.live.wire import HEADERS, PADDING, message

GREETING = PADDING + message("", event="ready")

app = Flask(__name__, static_folder=None)


@app.get("/live")
def live() -> Response:
    """Nothing is asked, nothing stays open."""
    return Response(GREETING, headers={**HEADERS, "Connection": "close"})
