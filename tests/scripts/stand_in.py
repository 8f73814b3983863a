"""A server that stands in for Informejo where only scripts are tested: one page, one stream, answers as wished."""

import queue
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import NamedTuple

from informejo.assets import joined
from tests.waiting import PATIENCE

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
FRAME = """<!doctype html><html lang="en" data-build="old" data-me="7" data-time-zone="Asia/Tokyo"><head>
<title>Ticket</title>
<meta name="htmx-config" content='{"defaultSwap":"innerMorph","morphIgnore":["data-htmx-powered","open"],
  "sse":{"connectTimeout":3000,"reconnectMaxDelay":500}}'>
<script src="/script.js" defer></script></head><body>
<span id="live-mark" hidden></span><span id="unread" data-count="0"></span>
<main id="main" tabindex="-1"><p id="release" hx-morph-skip hidden><span>Informejo was updated.</span>
<button type="button">Load the new page</button></p>MAIN</main>
<div id="toasts"></div><div id="announcer" role="status"></div>
<div id="stream" hx-sse:connect="/live?since=e-1" hx-trigger="load, every 20s" hx-swap="none"></div></body></html>"""


class Answer(NamedTuple):
    """What the server says to one request."""

    body: str = ""
    status: int = 200
    media_type: str = "text/html"
    after: threading.Event | None = None  # a test that sets it has done what must come before


class Post(NamedTuple):
    """What a browser sent."""

    path: str
    headers: dict[str, str]
    body: bytes


class StandIn:
    """The server. `main` is the content of its page, `answers` what it says at a path.

    `posts` is what it was sent, `gets` the paths it has been asked for, and what it says there is settled.
    """

    def __init__(self, static: Path):
        self.main, self.posts, self.gets = "", [], []
        self.answers = {"/script.js": Answer(joined(static, "js").decode(), media_type="text/javascript")}
        self.streams: list[queue.SimpleQueue] = []
        self.bookmarks: list[str | None] = []  # the Last-Event-ID of each connection
        self.refuses = 0  # the status for new streams while they are refused
        self._http = ThreadingHTTPServer(("127.0.0.1", 0), _Door)
        self._http.stand_in, self._http.daemon_threads = self, True
        self.address = f"http://127.0.0.1:{self._http.server_port}"
        threading.Thread(target=self._http.serve_forever, args=(0.05,), daemon=True).start()

    def close(self):
        """End the streams and stop listening."""
        self.cut()
        self._http.shutdown()
        self._http.server_close()

    def cut(self):
        """End all streams, as a restart does."""
        for stream in self.streams:
            stream.put(None)
        self.streams = []

    def push(self, data: str = "", *, id: int | None = None, event: str = ""):
        """Send one message to whoever listens."""
        lines = [f"id: e-{id}"] if id else []
        lines += [f"event: {event}"] if event else []
        lines += [f"data: {line}" for line in data.split("\n")]
        for stream in self.streams:
            stream.put("\n".join(lines) + "\n\n")

    def partial(self, target: str, html: str, swap: str = "outerMorph", id: int | None = None):
        """Send one fragment, as the application does."""
        self.push(partial(target, html, swap), id=id)


def partial(target: str, html: str, swap: str = "outerMorph") -> str:
    """One fragment, addressed to its place."""
    return f'<hx-partial hx-target="{target}" hx-swap="{swap}">{html}</hx-partial>'


class _Door(BaseHTTPRequestHandler):
    def do_GET(self):
        stand_in = self.server.stand_in
        if self.path.startswith("/live"):
            self._stream(stand_in)
        else:
            answer = stand_in.answers.get(self.path) or Answer(FRAME.replace("MAIN", stand_in.main))
            stand_in.gets.append(self.path)
            self._send(answer)

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        self.server.stand_in.posts.append(Post(self.path, dict(self.headers), body))
        self._send(self.server.stand_in.answers.get(self.path, Answer()))

    def _send(self, answer: Answer):
        if answer.after:
            answer.after.wait(PATIENCE / 1000)
        body = answer.body.encode()
        self.send_response(answer.status)
        self.send_header("Content-Type", f"{answer.media_type}; charset=utf-8")
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def _stream(self, stand_in: StandIn):
        stand_in.bookmarks.append(self.headers.get("Last-Event-ID"))
        if stand_in.refuses:
            return self._send(Answer("no", stand_in.refuses))
        messages = queue.SimpleQueue()
        stand_in.streams.append(messages)  # before the page can know that it is live: what is pushed then waits
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        # Two beats, which tell the page that nothing holds its stream back.
        self.wfile.write(b"retry: 100\nid: e-1\nevent: ready\ndata:\n\n" + 2 * b"event: beat\ndata:\n\n")
        while (message := messages.get()) is not None:
            self.wfile.write(message.encode())
        return None

    def log_message(self, *_):
        """The test's output is its own."""
