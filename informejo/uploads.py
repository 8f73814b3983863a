"""What comes in with a request: how much of it each address takes, and that reading it leaves time for others."""

import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from tempfile import SpooledTemporaryFile

from flask import Flask, Request, abort, current_app, request

from informejo.tickets.files import NO_SPACE

SMALL = 256 * 1024  # bytes: the longest comment still fits when each of its letters is sent as twelve characters
MOST_FIELDS = 400  # the form of categories has four for each of 50, and "Is it you?" carries all of them
PAUSE = 256 * 1024  # bytes between two pauses; without them one upload of 50 MB stopped everybody for 0.24 s
IN_MEMORY = 500_000  # bytes of a file that need no disk while it arrives, as in Werkzeug
WITH_FILES = re.compile(r"/submit-ticket|/tickets(/\d+/comments)?")  # as in deploy/nginx.conf


def init_app(app: Flask):
    """Limit every body before a view reads it, and pause while it is read."""
    app.config.update(MAX_CONTENT_LENGTH=SMALL, MAX_FORM_MEMORY_SIZE=SMALL, MAX_FORM_PARTS=MOST_FIELDS)
    app.before_request(_limit_body)
    app.request_class = RoomyRequest
    serve = app.wsgi_app

    def serve_with_pauses(environ, start_response):
        environ["wsgi.input"] = PausingStream(environ["wsgi.input"])
        return serve(environ, start_response)

    app.wsgi_app = serve_with_pauses


class RoomyRequest(Request):
    """A request whose text arrives even when there is no room for its files. Every part of its form has a name."""

    def _load_form_data(self):
        super()._load_form_data()
        for parts in (self.form, self.files):
            dict.pop(parts, None, None)  # Werkzeug keeps a part without a name under None, and ours are all texts

    def _get_file_stream(self, *_, **__) -> "ArrivingFile":
        return ArrivingFile()


class ArrivingFile(SpooledTemporaryFile):
    """A file on its way in. Where the disk has no room for it, it says so to whoever reads it, not to the parser."""

    def __init__(self):
        super().__init__(max_size=IN_MEMORY, mode="rb+")
        self._failed: OSError | None = None

    def write(self, chunk: bytes) -> int:
        if self._failed is None:
            with self._giving_up_without_room():
                super().write(chunk)
        return len(chunk)

    def seek(self, *where) -> int:
        with self._giving_up_without_room():
            return super().seek(*where)  # writes what was buffered
        return 0

    def read(self, *size) -> bytes:
        if self._failed is not None:
            raise self._failed
        return super().read(*size)

    @contextmanager
    def _giving_up_without_room(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            if error.errno not in NO_SPACE:
                raise
            self._failed = error
            getattr(self._file, "raw", self._file).close()  # frees the room it took, without writing what is buffered
            self._file = BytesIO()


class PausingStream:
    """The body of a request. A fast client's greenlet would never wait for it, so others would not get their turn."""

    def __init__(self, stream):
        self._stream, self._unpaused = stream, 0

    def read(self, size: int = -1) -> bytes:
        return self._paused(self._stream.read(size))

    def readline(self, size: int = -1) -> bytes:
        return self._paused(self._stream.readline(size))

    def readlines(self, _hint: int = -1) -> list[bytes]:
        return list(self)

    def __iter__(self):
        return iter(self.readline, b"")

    def _paused(self, chunk: bytes) -> bytes:
        self._unpaused += len(chunk)
        if self._unpaused >= PAUSE:
            self._unpaused = 0
            time.sleep(0)
        return chunk


def _limit_body():
    if request.content_encoding not in (None, "identity"):
        abort(415)  # a packed body could be small here and huge when unpacked
    if request.mimetype == "multipart/form-data" and WITH_FILES.fullmatch(request.path):
        request.max_content_length = SMALL + current_app.config["MAX_FILES"] * current_app.config["MAX_FILE_SIZE"]
    if (request.content_length or 0) > request.max_content_length:
        abort(413)
    if request.mimetype == "application/x-www-form-urlencoded":
        _limit_fields(request.get_data())


def _limit_fields(body: bytes):
    if len(body) >= SMALL:
        abort(413)  # a body that came without its length was cut here, in silence
    if body.count(b"&") >= MOST_FIELDS:
        abort(400)  # Flask counts only what a form with files holds
