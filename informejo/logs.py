"""The log: one line for each record, text or JSON, with its request's id, and nothing in it that opens or forges."""

import json
import logging
import re
import secrets
import sys
import time
from contextvars import ContextVar
from datetime import UTC, datetime
from urllib.parse import quote

import click
from flask import Flask, Response, current_app, request
from gunicorn.glogging import Logger

from informejo import metrics

ID, BEGAN = "informejo.request", "informejo.began"  # in a request's environ: its id, and when it came
LEVELS, FORMATS = ("DEBUG", "INFO", "WARNING", "ERROR"), ("text", "json")
NAME = "informejo"
PLAIN = frozenset(("field", "filename", "kind", "mark"))  # text in addresses that opens nothing; all other is left out
MOST, MOST_OF_TRACEBACK, MOST_OF_PATH = 4_000, 16_000, 300  # characters
LINE = "%(method)s %(path)s %(status)s %(ms)sms user=%(user)s address=%(address)s bytes=%(bytes)s"  # of a request
CLAIMED = re.compile(r"[A-Za-z0-9-]{8,64}")
# Line ends, terminal commands, what turns the direction of writing, and halves of characters.
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u200e\u200f\u2028-\u202e\u2066-\u2069\ud800-\udfff]")
QUOTED = re.compile(r"""(?<!\w)b?(['"]).*\1""", re.DOTALL)  # not the apostrophe in "Can't"

access = logging.getLogger("informejo.access")
_id: ContextVar[str] = ContextVar("request id", default="")  # each greenlet and each thread has one of its own


def init_app(app: Flask):
    """Give every request an id and a line. Commands say only what went wrong, in text."""
    context = click.get_current_context(silent=True)
    in_command = context is not None and context.info_name != "run"
    configure(*(("WARNING", "text") if in_command else (app.config["LOG_LEVEL"], app.config["LOG_FORMAT"])))
    app.before_request(_begin)
    app.after_request(_finish)
    app.teardown_request(end)


def configure(level: str, form: str):
    """Have everything logged to standard error. Raises ValueError with a sentence for a level or form unknown here."""
    if level.upper() not in LEVELS:
        raise ValueError(f"LOG_LEVEL must be DEBUG, INFO, WARNING or ERROR, not {level!r}.")
    if form not in FORMATS:
        raise ValueError(f"LOG_FORMAT must be text or json, not {form!r}.")
    handler = logging.StreamHandler(_Stderr())
    handler.set_name(NAME)
    handler.setFormatter(Json() if form == "json" else Text())
    root = logging.getLogger()
    for old in [old for old in root.handlers if old.get_name() == NAME]:
        root.removeHandler(old)
    root.addHandler(handler)
    logging.getLogger(NAME).setLevel(level.upper())  # not the root: at DEBUG, libraries tell what they are given
    # No line shows its thread, its process or its place in the code; looking for them took half of a line's time.
    logging.logThreads = logging.logProcesses = logging.logMultiprocessing = False
    logging._srcfile = None  # as the logging HOWTO says under "Optimization"


def begin(environ: dict):
    """A request has come to a door: until `end`, every line that is written on its behalf carries its id.

    At a second door it keeps its id, and the moment in which it came.
    """
    if ID not in environ:
        claimed = environ.get("HTTP_X_REQUEST_ID", "") if current_app.config["TRUSTED_PROXIES"] > 0 else ""
        environ[ID] = claimed if CLAIMED.fullmatch(claimed) else secrets.token_hex(8)
        environ[BEGAN] = time.monotonic()
    _id.set(environ[ID])


def end(_error: BaseException | None = None):
    """The request is over, or leaves this door."""
    _id.set("")


def count(environ: dict, endpoint: str | None, status: int) -> float:
    """Count a request that is answered by now; returns the seconds that it took."""
    seconds = time.monotonic() - environ[BEGAN]
    metrics.request(environ["REQUEST_METHOD"], endpoint, status, seconds)
    return seconds


def request_id() -> str:
    """The id of the request that is being answered, empty outside of one."""
    return _id.get()


def name_user(id: int):
    """Have the line of this request name that person."""
    request.environ["informejo.user"] = id


def path() -> str:
    """The path of this request as a log may hold it: on one line, short, and without what opens something."""
    given, hidden = request.view_args or {}, _hidden()
    if request.url_rule is None:  # it may be a mistyped address of anything
        first, *rest = request.path.lstrip("/").split("/", 1)
        shown = f"/{first}/..." if rest and rest[0] else f"/{first}"
    elif hidden:
        shown = re.sub(r"<(?:[^<>]*:)?(\w+)>", lambda part: _shown(given, hidden, part[1]), request.url_rule.rule)
    else:
        shown = request.path
    return one_line(quote(shown), MOST_OF_PATH)


def pattern() -> str:
    """The path for readers who may not know of each thing there is: "/tickets/<number>/comments" for each of them."""
    return re.sub(r"<(?:[^<>]*:)?(\w+)>", r"<\1>", request.url_rule.rule) if request.url_rule else path()


def holds_secret() -> bool:
    """Whether the path of this request may hold what opens something, so that nobody shall be told it."""
    mistyped = request.url_rule is None and "/" in request.path.strip("/")
    return mistyped or bool(_hidden())


def one_line(text: str, most: int = MOST) -> str:
    """The text without characters that end lines, move cursors or turn writing around, and no longer than `most`."""
    if len(text) <= most and text.isascii() and text.isprintable():
        return text
    text = CONTROL.sub(lambda found: found[0].encode("unicode_escape", "surrogatepass").decode(), text[: most + 1])
    return text if len(text) <= most else f"{text[: most - 3]}..."


class Text(logging.Formatter):
    """For people: time, level, logger, the request's id in brackets, message; a traceback follows, set off by bars."""

    def format(self, record: logging.LogRecord) -> str:
        id = request_id()
        mark = f" [{id}]" if id else ""
        lines = [f"{_moment(record)} {record.levelname} {record.name}{mark}: {one_line(_message(record))}"]
        lines += [f"    | {one_line(line)}" for line in _traceback(record).splitlines()]
        return "\n".join(lines)


class Json(logging.Formatter):
    """For programs: the same as one object on one line; the line of a request has its parts as members too."""

    def format(self, record: logging.LogRecord) -> str:
        content = {
            "time": _moment(record),
            "level": record.levelname,
            "logger": record.name,
            "request": request_id(),
            "message": one_line(_message(record)),
            "traceback": _traceback(record),
        }
        content = {name: value for name, value in content.items() if value}
        return json.dumps(content | getattr(record, "parts", {})).replace("\x7f", "\\u007f")


class ServerLog(Logger):
    """gunicorn's own lines, written like all others; what they quote of a request may hold secrets and is left out."""

    def setup(self, cfg):
        super().setup(cfg)
        self.error_log.handlers.clear()
        self.error_log.propagate = True

    def exception(self, msg, *args, **kwargs):
        """A connection that broke off is nobody's fault here, and one line is enough for it."""
        error = sys.exception()
        if isinstance(error, TimeoutError | ConnectionError):
            self.info("connection given up: %s", error.strerror or "timed out")
        else:
            super().exception(msg, *args, **kwargs)


class _Stderr:
    """`sys.stderr` as it is when a line is written: tests and commands replace it."""

    def write(self, text: str):
        sys.stderr.write(text)

    def flush(self):
        sys.stderr.flush()


def _begin():
    begin(request.environ)


def _finish(response: Response) -> Response:
    seconds = count(request.environ, request.endpoint, response.status_code)
    response.headers["X-Request-ID"] = request_id()
    level = logging.DEBUG if _can_be_left_out(response) else logging.INFO
    if access.isEnabledFor(level):
        parts = _parts(response, seconds)
        shown = {name: "-" if part is None else part for name, part in parts.items()}
        access.log(level, LINE, shown, extra={"parts": parts})
    return response


def _can_be_left_out(response: Response) -> bool:
    """Whether nobody misses this line: programs that watch ask often, and a stream that opens writes a line itself."""
    return request.blueprint == "ops" or (response.is_streamed and response.mimetype == "text/event-stream")


def _parts(response: Response, seconds: float) -> dict:
    return {
        "method": one_line(request.method, 20),
        "path": path(),
        "status": response.status_code,
        "ms": round(seconds * 1000, 1),
        "user": request.environ.get("informejo.user"),
        "address": one_line(quote(request.remote_addr or "", safe=":"), 60),
        # Counting the bytes of a stream would read it to its end.
        "bytes": response.calculate_content_length() if response.is_sequence else response.content_length,
    }


def _hidden() -> list[str]:
    """The names of those parts of this request's path that no log may hold."""
    given = request.view_args or {}
    return [name for name, value in given.items() if isinstance(value, str) and name not in PLAIN]


def _shown(given: dict, hidden: list[str], name: str) -> str:
    return "..." if name in hidden else str(given[name])


def _message(record: logging.LogRecord) -> str:
    message = record.getMessage()
    if not record.name.startswith("gunicorn"):
        return message
    if message.startswith("Error handling request"):
        return "Error handling request"  # an address follows
    return QUOTED.sub("...", message)


def _traceback(record: logging.LogRecord) -> str:
    if not record.exc_info or not record.exc_info[0]:
        return ""
    return logging.Formatter().formatException(record.exc_info)[-MOST_OF_TRACEBACK:]  # its end says most


def _moment(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
