"""Styles and scripts, each joined into one file whose address changes with its content: browsers keep it for ever."""

import hashlib
from collections.abc import Iterable
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, send_file

TYPES = {"css": "text/css", "js": "text/javascript"}
YEAR, DAY = 31_536_000, 86_400  # seconds
_FIRST, _LAST = ("stores", "tokens", "reset", "base", "layout"), ("utilities",)


def init_app(app: Flask):
    """Serve the joined files under /assets; `asset(name)` in templates is their address, or that of one static file.

    In development every file is read anew each time; otherwise once, and static files may be kept for a day.
    """
    folder = Path(app.static_folder)
    development = app.config.get("DEVELOPMENT", False)
    app.config["SEND_FILE_MAX_AGE_DEFAULT"] = 0 if development else DAY
    kept = {} if development else {kind: joined(folder, kind) for kind in TYPES}
    addresses: dict[str, str] = {}

    @app.template_global()
    def asset(name: str) -> str:
        # Written out, not by url_for: fragments are drawn while no request is there to ask.
        if development or name not in addresses:
            content = kept.get(name) or (joined(folder, name) if name in TYPES else (folder / name).read_bytes())
            mark = _digest(content)
            addresses[name] = f"/assets/{mark}.{name}" if name in TYPES else f"/static/{name}?v={mark}"
        return addresses[name]

    @app.get("/assets/<mark>.<any(css, js):kind>")
    def joined_file(mark: str, kind: str) -> Response:
        return _response(kept.get(kind) or joined(folder, kind), kind, mark)

    joined_file.public = True  # the sign-in page needs them too


def joined(folder: Path, kind: str) -> bytes:
    """All styles or all scripts of the folder in the order in which they must be read."""
    return b"\n".join(_content(path) for path in _sources(folder, kind))


def _sources(folder: Path, kind: str) -> Iterable[Path]:
    if kind == "js":
        return [*sorted(folder.glob("vendor/*.js")), *sorted(folder.glob("js/*.js"), key=_rank)]
    return sorted(folder.glob("css/*.css"), key=_rank)


def _rank(file: Path) -> tuple[int, str]:
    if file.stem in _FIRST:
        return _FIRST.index(file.stem), ""
    return len(_FIRST) + (file.stem in _LAST), file.name


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    # A script of ours that breaks as it begins must not take those behind it along.
    return b"try {\n%b\n} catch (error) { reportError(error); }" % content if path.parent.name == "js" else content


def _response(content: bytes, kind: str, mark: str) -> Response:
    digest = _digest(content)
    # A page drawn before a deployment asks for the old address: it gets what is there, but must not keep it.
    current = mark == digest
    response = send_file(BytesIO(content), TYPES[kind], etag=digest, max_age=YEAR if current else 0)
    response.cache_control.immutable = current
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
