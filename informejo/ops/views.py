"""The addresses for programs that watch: is it alive, is it ready, what does it measure."""

import logging
import math
import os
import secrets
import shutil
import sqlite3
import time
from functools import cache
from ipaddress import ip_address

from alembic.script import ScriptDirectory
from flask import Blueprint, Flask, Response, current_app, jsonify, request
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError
from werkzeug.exceptions import NotFound

from informejo import db, metrics
from informejo.config import ROOT
from informejo.live.hub import hub
from informejo.mail import health_queries
from informejo.offload import offloaded
from informejo.serving import sqlite_file
from informejo.tickets import files
from informejo.web import probe, public

KEPT_SECONDS = 1  # how long an answer about readiness holds, so that nobody can make it a burden
LEAST_BYTES = 50 * 1024 * 1024  # free disk; with less, the next messages may not be saved
FORWARDING = ("Forwarded", "Via", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-IP")

bp = Blueprint("ops", __name__)
logger = logging.getLogger(__name__)


@bp.get("/healthz")
@probe
def alive():
    """The process answers. Nothing else is looked at: a process that is restarted does not mend a full disk."""
    return Response("ok\n", mimetype="text/plain")


@bp.get("/readyz")
@probe
def ready():
    """Whether new requests should come here: one line for each check."""
    checks = _checks(current_app._get_current_object())
    status = 503 if any(checks.values()) else 200
    lines = {name: trouble or "ok" for name, trouble in checks.items()}
    if request.accept_mimetypes.best == "application/json":
        return jsonify(ready=status == 200, checks=lines), status
    return Response("".join(f"{name}: {line}\n" for name, line in lines.items()), status, mimetype="text/plain")


@bp.get("/metrics")
@public
def measured():
    """All metrics, for whoever has METRICS_TOKEN, or this machine alone; for all others there is no such page."""
    if not _may_measure(current_app.config["METRICS_TOKEN"]):
        raise NotFound
    _look()
    return Response(generate_latest(metrics.REGISTRY), content_type=CONTENT_TYPE_LATEST)


def _checks(app: Flask) -> dict[str, str]:
    """What is wrong, in a few words, by check; nothing where all is well."""
    when, checks = app.extensions.get("readiness", (-math.inf, {}))
    if time.monotonic() - when < KEPT_SECONDS and not hub.closing:
        return checks
    checks = {
        "database": _database(),
        "files": _files(app.config["UPLOAD_DIR"]),
        "disk": _disk(app.config["UPLOAD_DIR"]),
        "server": "is stopping" if hub.closing else "",
    }
    _tell(app.extensions.get("readiness", (0, {}))[1], checks)
    app.extensions["readiness"] = (time.monotonic(), checks)
    return checks


def _database() -> str:
    # On the event loop, but at once: SQLite never waits here for another process, it says that it is busy.
    try:
        with db.engine().connect() as connection:
            present = set(connection.scalars(text("SELECT version_num FROM alembic_version")))
    except (SQLAlchemyError, sqlite3.Error):
        return "cannot be read"
    if present != _wanted():
        return "its tables are not those of this release"
    file = sqlite_file(current_app.config["DATABASE_URL"])
    return "" if file is None or os.access(file, os.W_OK, effective_ids=True) else "cannot be written to"


@cache
def _wanted() -> set[str]:
    return set(ScriptDirectory(str(ROOT / "migrations")).get_heads())


def _files(folder: str) -> str:
    if not os.access(folder, os.W_OK | os.X_OK):
        return "the folder cannot be written to"
    try:
        return "the folder is empty, though there are files" if files.is_away() else ""
    except (SQLAlchemyError, sqlite3.Error):
        return ""  # the line of the database says it


def _disk(folder: str) -> str:
    file = sqlite_file(current_app.config["DATABASE_URL"])
    try:
        free = min(shutil.disk_usage(place).free for place in filter(None, (folder, file and file.parent)))
    except OSError:
        return "cannot be looked at"
    return "" if free >= LEAST_BYTES else "is nearly full"


def _tell(before: dict[str, str], now: dict[str, str]):
    if any(now.values()) and now != before:
        logger.warning("not ready: %s", "; ".join(f"{name} {trouble}" for name, trouble in now.items() if trouble))
    elif any(before.values()) and not any(now.values()):
        logger.warning("ready again")


def _may_measure(token: str) -> bool:
    if token:
        given = request.authorization
        given = given.token if given is not None and given.type == "bearer" else None
        return secrets.compare_digest((given or "").encode(), token.encode())
    # A proxy on this machine has its address too, and may have been told to forward nothing and any Host.
    proxied = current_app.config["TRUSTED_PROXIES"] or current_app.config["PUBLIC_URL"].startswith("https:")
    return not proxied and not any(name in request.headers for name in FORWARDING) and _is_here()


def _is_here() -> bool:
    """The other end is this machine, and the address it asked for is too: a page elsewhere may name any other."""
    host = request.host.rpartition(":")[0] if request.host[-1:].isdecimal() and ":" in request.host else request.host
    return _is_loopback(request.remote_addr) and (host == "localhost" or _is_loopback(host.strip("[]")))


def _is_loopback(address: str | None) -> bool:
    try:
        return ip_address(address or "").is_loopback
    except ValueError:
        return False


def _look():
    """Read what is not counted as it happens."""
    metrics.streams.set(len(hub))
    metrics.streams_limit.set(current_app.config["STREAMS_TOTAL"])
    slow, waiting, size = hub.waiting()
    metrics.slow_streams.set(slow)
    metrics.waiting_messages.set(waiting)
    metrics.waiting_bytes.set(size)
    metrics.offloaded.set(offloaded())
    try:
        metrics.events_lag.set(current_app.extensions["broadcast"].lag())
        _look_at_mail(*health_queries.amounts(), len(health_queries.lasting_troubles()))
    except (SQLAlchemyError, sqlite3.Error):
        metrics.events_lag.set(math.nan)
        _look_at_mail(*[math.nan] * 4)


def _look_at_mail(waiting: float, failed: float, quarantined: float, failing: float):
    metrics.mails_waiting.set(waiting)
    metrics.mails_failed.set(failed)
    metrics.mails_quarantined.set(quarantined)
    metrics.mail_failing.set(failing)
