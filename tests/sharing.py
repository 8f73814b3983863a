"""What the apps of one process share, being the same for all: what routes, templates and SQL were compiled to."""

from collections.abc import Callable
from functools import cache, partial
from types import CodeType

from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from informejo import assets, db
from tests.architecture import ROOT

_engines: list[Engine] = []  # at most one


class _Route(Rule):
    """Takes an address apart, and writes a function that builds it: all that was half of `create_app`."""

    _builders: dict[tuple, Callable] = {}
    _taken_apart: dict[str, tuple] = {}

    def _parse_rule(self, rule):
        if rule not in self._taken_apart:
            parts = list(super()._parse_rule(rule))
            self._taken_apart[rule] = parts, list(self._trace), dict(self._converters), set(self.arguments)
            return parts
        parts, trace, converters, arguments = self._taken_apart[rule]
        self._trace[:], self._converters = trace, dict(converters)
        self.arguments |= arguments
        return parts

    def _compile_builder(self, append_unknown=True):
        made_of = self.rule, tuple(self._trace), repr(self.defaults), append_unknown
        if made_of not in self._builders:
            self._builders[made_of] = super()._compile_builder(append_unknown)
        return self._builders[made_of]


class _Compiled(BytecodeCache):
    """Templates as Python code, by their text: one that was changed is compiled anew."""

    def __init__(self):
        self._codes: dict[tuple[str, str], CodeType] = {}

    def load_bytecode(self, bucket):
        bucket.code = self._codes.get((bucket.key, bucket.checksum))

    def dump_bytecode(self, bucket):
        self._codes[bucket.key, bucket.checksum] = bucket.code


_compiled = _Compiled()
Flask.url_rule_class = _Route
_joined = assets.joined
_own_files = cache(partial(_joined, ROOT / "static"))
assets.joined = lambda folder, kind: _own_files(kind) if folder.resolve() == ROOT / "static" else _joined(folder, kind)


def share(app: Flask):
    """Let the app, whose context is active, use what earlier ones compiled. The database stays its own."""
    app.jinja_env.bytecode_cache = _compiled
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
