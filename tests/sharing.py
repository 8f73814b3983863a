"""What the apps of one process share, being the same for all: what routes, templates and SQL were compiled to."""

from collections.abc import Callable

from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine
from werkzeug.routing import Rule

from informejo import db

_engines: list[Engine] = []  # at most one


class _Route(Rule):
    """Writes a function for each address, and asks Python's compiler each time, which took half of `create_app`."""

    _builders: dict[tuple, Callable] = {}

    def _compile_builder(self, append_unknown=True):
        made_of = self.rule, tuple(self._trace), repr(self.defaults), append_unknown
        if made_of not in self._builders:
            self._builders[made_of] = super()._compile_builder(append_unknown)
        return self._builders[made_of]


class _Compiled(BytecodeCache):
    """Templates as byte code, by their text: one that was changed is compiled anew."""

    def __init__(self):
        self._codes: dict[str, bytes] = {}

    def load_bytecode(self, bucket):
        if bucket.key in self._codes:
            bucket.bytecode_from_string(self._codes[bucket.key])

    def dump_bytecode(self, bucket):
        self._codes[bucket.key] = bucket.bytecode_to_string()


_compiled = _Compiled()
Flask.url_rule_class = _Route


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
