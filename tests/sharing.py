"""What the apps of one process share, because it is the same for all: compiled templates, and compiled SQL."""

from flask import Flask
from jinja2 import BytecodeCache
from sqlalchemy import event
from sqlalchemy.engine import Engine

from informejo.db import db

_engines: list[Engine] = []  # at most one


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


def share(app: Flask):
    """Let the app, whose context is active, use what earlier ones compiled. The database stays its own."""
    app.jinja_env.bytecode_cache = _compiled
    if not _engines:
        _engines.append(db.engine)
        event.listen(db.engine, "do_connect", _connect)
    _engines[0].url = db.engine.url
    db.engines[None] = _engines[0]


def _connect(_dialect, _record, arguments, _options):
    """Statements are compiled for an engine, so one engine serves all apps, one after another."""
    arguments[0] = _engines[0].url.database
