"""What the apps of one process share, being the same for all: what routes, templates and SQL were compiled to."""

from collections.abc import Iterable
from functools import cache, cached_property, partial

import flask
from flask import Flask, current_app
from jinja2 import Environment
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.local import LocalProxy
from werkzeug.routing import Map

import informejo
from informejo import assets, db
from tests.architecture import ROOT

_engines: list[Engine] = []  # at most one
_environments: list[Environment] = []  # at most one
_maps: dict[tuple, Map] = {}


class Desk(Flask):
    """An app with views, settings and a database of its own, whose routes and templates an earlier one has compiled."""

    def __init__(self, *args, **kwargs):
        self._routes: dict[tuple, tuple] = {}
        super().__init__(*args, **kwargs)

    def add_url_rule(self, rule, endpoint=None, view_func=None, provide_automatic_options=None, **options):
        """Note the route; nothing is compiled before somebody asks for the map."""
        endpoint = endpoint or view_func.__name__
        view = self.view_functions.setdefault(endpoint, view_func)
        assert view == view_func, f"{endpoint} is another view"
        said = tuple(getattr(view, name, None) for name in ("methods", "required_methods", "provide_automatic_options"))
        route = rule, endpoint, view, provide_automatic_options
        self._routes[rule, endpoint, provide_automatic_options, said, repr(options)] = route, options
        self.__dict__.pop("url_map", None)

    @cached_property
    def url_map(self) -> Map:
        """One for all apps that have the same routes in the same order."""
        return _map(tuple(self._routes), self._routes.values())

    @cached_property
    def jinja_env(self) -> Environment:
        """One for all apps, unless they would read templates anew that have changed."""
        if self.config["DEVELOPMENT"]:
            return self.create_jinja_environment()
        if not _environments:
            _environments.append(self.create_jinja_environment())
            _environments[0].globals |= {"url_for": flask.url_for, "config": LocalProxy(lambda: current_app.config)}
        return _environments[0]


def _map(known_by: tuple, routes: Iterable[tuple]) -> Map:
    if known_by not in _maps:
        bare = Flask("informejo", static_folder=None)
        for route, options in routes:
            bare.add_url_rule(*route, **options)
        _maps[known_by] = bare.url_map
    return _maps[known_by]


informejo.Flask = Desk
_joined = assets.joined
_own_files = cache(partial(_joined, ROOT / "static"))
assets.joined = lambda folder, kind: _own_files(kind) if folder.resolve() == ROOT / "static" else _joined(folder, kind)


def share(app: Flask):
    """Let the app, whose context is active, use what earlier ones compiled of SQL. The database stays its own."""
    if not _engines:
        _engines.append(db.engine())
        event.listen(db.engine(), "do_connect", _connect)
        event.listen(db.engine(), "connect", _hurry)
    _engines[0].url = db.engine().url
    db.alchemy.engines[None] = _engines[0]


def _connect(_dialect, _record, arguments, _options):
    """Statements are compiled for an engine, so one engine serves all apps, one after another."""
    arguments[0] = _engines[0].url.database


def _hurry(connection, _record):
    """A power cut would be the end of the test too: nothing waits for the disk."""
    connection.execute("PRAGMA synchronous=OFF")
