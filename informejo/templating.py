"""What every template can use beside its own needs: filters, and the tables of words and limits."""

from flask import Flask
from jinja2 import BytecodeCache
from jinja2.bccache import Bucket
from markupsafe import Markup

from informejo import limits, markdown, text
from informejo.events.sentences import deeds
from informejo.live.makers import draw
from informejo.mime import display
from informejo.shelf import MOST_BYTES, shelf
from informejo.tickets.words import Category, Priority, Status
from informejo.version import BUILD


class Compiled(BytecodeCache):
    """Templates compiled by this process or the one it was forked from. One whose file has changed is compiled anew."""

    def __init__(self):
        self._codes = {}

    def load_bytecode(self, bucket: Bucket):
        checksum, code = self._codes.get(bucket.key, ("", None))
        if checksum == bucket.checksum:
            bucket.code = code

    def dump_bytecode(self, bucket: Bucket):
        self._codes[bucket.key] = bucket.checksum, bucket.code


_compiled = Compiled()


def init_app(app):
    """Register filters and globals; live partials are drawn without a request and have these alone."""
    app.config["TEMPLATES_AUTO_RELOAD"] = app.config["DEVELOPMENT"]
    app.jinja_options = {"trim_blocks": True, "lstrip_blocks": True, "bytecode_cache": _compiled}
    environment = app.jinja_env
    environment.filters |= {
        "markdown": markdown.to_html,
        "folded": display.folded,
        "unfolded": display.unfolded,
        "excerpt": markdown.excerpt,
        "filesize": text.file_size,
        "iso": lambda moment: moment.isoformat(timespec="seconds").replace("+00:00", "Z"),
        "moment": lambda moment: f"{moment:%d %b %Y, %H:%M} UTC".removeprefix("0"),
        "deeds": deeds,
    }
    environment.globals |= {
        "words": {"status": Status, "priority": Priority, "category": Category},
        "limits": limits,
        "build": BUILD,
        "drawn_once": drawn_once,
    }
    shelf.most = 0 if app.config["DEVELOPMENT"] else MOST_BYTES  # there the partials themselves may change


def drawn_once(template: str, **needs) -> Markup:
    """A partial whose needs are plain words and numbers: drawn once for all who have the same."""
    return shelf.one((template, *needs.items()), lambda: draw(template, **needs))


def compile_all(app):
    """Compile every template now: the first who opens a page would keep everybody waiting while it is done."""
    for name in app.jinja_env.list_templates():
        app.jinja_env.get_template(name)


def compile_beforehand():
    """The same before there is an app: processes that are forked from this one find the templates compiled."""
    bare = Flask("informejo", template_folder="../templates")
    bare.config["DEVELOPMENT"] = False
    init_app(bare)
    compile_all(bare)
