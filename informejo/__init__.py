"""Informejo: a help desk whose pages are always up to date. `create_app` is all the wiring, on one screen."""

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from flask import Flask

from informejo import (
    accounts,
    admin,
    assets,
    audit,
    backup,
    cli,
    config,
    db,
    desk,
    doctor,
    drafts,
    error_pages,
    factors,
    guests,
    intake,
    live,
    logs,
    mail,
    ops,
    rates,
    readers,
    security,
    serving,
    settings,
    sso,
    teams,
    templating,
    tickets,
    uploads,
    web,
)


def create_app(given: dict | None = None) -> Flask:
    """The app with its settings from the environment, those `given` going before them."""
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.config.from_mapping(config.from_environment() | (given or {}))
    app.ensure_sync = _as_it_is
    logs.init_app(app)
    _make_folders(app)

    for shared in (db, templating, assets, uploads, security, rates, web, error_pages):
        shared.init_app(app)
    for feature in (
        *(accounts, factors, sso, tickets, guests, teams, drafts, desk, admin, audit, settings),
        *(live, readers, mail, intake, ops, doctor, backup, cli),
    ):
        feature.init_app(app)
    return app


def _as_it_is(function: Callable) -> Callable:
    """Nothing here is a coroutine, and Flask would look for one in a dozen functions for each request."""
    return function


def _make_folders(app: Flask):
    database = serving.sqlite_file(app.config["DATABASE_URL"])
    if database:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # on a disk that is not mounted: the doctor, the log and whoever sends a file are told
        Path(app.config["UPLOAD_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
