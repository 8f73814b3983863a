"""Informejo: a help desk whose pages are always up to date. `create_app` is all the wiring, on one screen."""

from contextlib import suppress
from pathlib import Path

from flask import Flask

from informejo import (
    accounts,
    admin,
    assets,
    cli,
    config,
    db,
    desk,
    drafts,
    live,
    logs,
    ops,
    security,
    serving,
    templating,
    tickets,
    uploads,
    web,
)


def create_app(settings: dict | None = None) -> Flask:
    """The app with its settings from the environment, `settings` going before them."""
    app = Flask(__name__, template_folder="../templates", static_folder="../static")
    app.config.from_mapping(config.from_environment() | (settings or {}))
    logs.init_app(app)
    _make_folders(app)

    db.init_app(app)
    templating.init_app(app)
    assets.init_app(app)
    uploads.init_app(app)
    security.init_app(app)
    web.init_app(app)

    accounts.init_app(app)
    tickets.init_app(app)
    drafts.init_app(app)
    desk.init_app(app)
    admin.init_app(app)
    live.init_app(app)
    ops.init_app(app)
    cli.init_app(app)
    return app


def _make_folders(app: Flask):
    database = serving.sqlite_file(app.config["DATABASE_URL"])
    if database:
        database.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    with suppress(OSError):  # on a disk that is not mounted: the doctor, the log and whoever sends a file are told
        Path(app.config["UPLOAD_DIR"]).mkdir(mode=0o700, parents=True, exist_ok=True)
