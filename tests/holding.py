"""What stands in the way and holds the stream back: a proxy or virus scanner on the line between browser and server."""

import contextlib
import socket
import threading

MODES = ("until the next", "until the end", "all until the end")


class Holder:
    """A TCP proxy on `address` that leads to the port `to`. What is no stream passes as it is.

    `mode` says what it keeps of a stream: each message until the next one comes, the whole body until it ends, or
    the status and headers with it; None keeps nothing. It holds for connections that begin a stream from then on.
    """

    def __init__(self, to: int, mode: str | None = None):
        self._to, self.mode = to, mode
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _ = self._listener.accept()
                threading.Thread(target=self._serve, args=(browser,), daemon=True).start()

    def _serve(self, browser: socket.socket):
        """One connection, on which requests follow each other."""
        with browser, contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self._to)) as server:
            held = _Held()
            back = threading.Thread(target=self._answer, args=(server, browser, held), daemon=True)
            back.start()
            while asked := browser.recv(65_536):
                if asked.startswith(b"GET "):
                    is_stream = asked.startswith(b"GET /live?") and b"once=1" not in asked.split(b"\r\n")[0]
                    held.mode = self.mode if is_stream else None
                server.sendall(asked)
            server.shutdown(socket.SHUT_RDWR)
            back.join()

    def _answer(self, server: socket.socket, browser: socket.socket, held: "_Held"):
        with contextlib.suppress(OSError):
            while content := server.recv(65_536):
                browser.sendall(held.let_go(content))
            browser.sendall(held.content)
            browser.shutdown(socket.SHUT_RDWR)


class _Held:
    def __init__(self):
        self.mode, self.content = None, b""

    def let_go(self, content: bytes) -> bytes:
        """What may pass by now; the rest is kept."""
        self.content += content
        end = len(self.content)
        if self.mode == "until the next":
            last = self.content.rfind(b"\n\n")
            end = self.content.rfind(b"\n\n", 0, last) + 2 if last > 0 else 0
            end = 0 if end == 1 else end
        elif self.mode == "until the end":
            end = self.content.find(b"\r\n\r\n") + 4 if self.content.startswith(b"HTTP/") else 0
        elif self.mode == "all until the end":
            end = 0
        passed, self.content = self.content[:end], self.content[end:]
        return passed
