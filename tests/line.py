"""The line between browser and server: it can be cut, go silent, and come back. (Chromium's own offline switch leaves
open streams alone.)"""

import contextlib
import socket
import threading


class Line:
    """A TCP proxy on `address` that leads to the port `to`."""

    def __init__(self, to: int):
        self._to = to
        self._is_cut = False
        self._calls: list[_Call] = []
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=50)
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._listen, daemon=True).start()

    def cut(self):
        """Everything that is open breaks off, and nothing new comes through."""
        self._is_cut = True
        for call in self._calls:
            call.hang_up()
        self._calls.clear()

    def silence(self):
        """The open streams die without a word: no FIN, no RST, as behind a router that forgot them."""
        for call in self._calls:
            if call.is_stream:
                call.is_silent = True
            else:  # idle, or the browser would try these first
                call.hang_up()

    def mend(self):
        """New connections come through again."""
        self._is_cut = False

    def close(self):
        self.cut()
        self._listener.shutdown(socket.SHUT_RDWR)  # close() alone would leave the thread waiting
        self._listener.close()

    def _listen(self):
        with contextlib.suppress(OSError):  # closed
            while True:
                browser, _ = self._listener.accept()
                if self._is_cut:
                    browser.close()
                else:
                    self._calls.append(_Call(browser, self._to))


class _Call:
    """One connection: two sockets, and a thread for each direction."""

    def __init__(self, browser: socket.socket, to: int):
        self.is_stream = self.is_silent = False
        self._ends = [browser]
        try:
            self._ends.append(socket.create_connection(("127.0.0.1", to)))
        except OSError:  # the server is being restarted
            self.hang_up()
            return
        for source, target in (self._ends, self._ends[::-1]):
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()

    def hang_up(self):
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, source: socket.socket, target: socket.socket):
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                self.is_stream |= content.startswith(b"GET /live")
                if not self.is_silent:
                    target.sendall(content)
        if not self.is_silent:
            self.hang_up()
