"""Styles and scripts, each joined into one file whose address changes with its content: browsers keep it for ever."""

import gzip
import hashlib
import mimetypes
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path

from flask import Flask, Response, current_app, request, send_file, send_from_directory
from werkzeug.exceptions import NotFound
from werkzeug.utils import safe_join

TEXTS = (".css", ".js", ".svg", ".txt", ".webmanifest")  # what compressing makes smaller
TYPES = {"css": "text/css", "js": "text/javascript"}
YEAR, DAY = 31_536_000, 86_400  # seconds
_FIRST, _LAST = ("stores", "tokens", "reset", "base", "layout"), ("utilities",)


def init_app(app: Flask):
    """Serve the joined files under /assets; `asset(name)` in templates is their address, or that of one static file.

    In development every file is read anew each time; otherwise once, and static files may be kept for a day.
    """
    folder = Path(app.static_folder)
    app.view_functions["static"] = lambda filename: _static(folder, filename)
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


def _static(folder: Path, name: str) -> Response:
    """One of the other files; `send_from_directory` refuses what lies outside of the folder."""
    place, max_age = safe_join(str(folder), name), current_app.get_send_file_max_age(name)
    if place is None or Path(place).suffix not in TEXTS:
        return send_from_directory(folder, name, max_age=max_age)
    if not Path(place).is_file():
        raise NotFound
    return _sent(Path(place).read_bytes(), mimetypes.guess_type(place)[0] or "text/plain", max_age)


def _response(content: bytes, kind: str, mark: str) -> Response:
    # A page drawn before a deployment asks for the old address: it gets what is there, but must not keep it.
    current = mark == _digest(content)
    response = _sent(content, TYPES[kind], YEAR if current else 0)
    response.cache_control.immutable = current
    response.headers["X-Content-Type-Options"] = "nosniff"
    return response


def _sent(content: bytes, media_type: str, max_age: int | None) -> Response:
    """Compressed for whoever takes it so: not every desk has a proxy in front of it that does this."""
    squeezed = request.accept_encodings["gzip"] > 0
    body, mark = (_squeezed(content), "-gzip") if squeezed else (content, "")
    response = send_file(BytesIO(body), media_type, etag=_digest(content) + mark, max_age=max_age)
    response.vary.add("Accept-Encoding")
    if squeezed:
        response.content_encoding = "gzip"
    return response


@lru_cache(maxsize=64)
def _squeezed(content: bytes) -> bytes:
    return gzip.compress(content, mtime=0)


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()[:16]
