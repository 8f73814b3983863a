"""The line between browser and server: it can be cut, go silent, and come back. (Chromium's own offline switch leaves
open streams alone.)"""

import contextlib
import socket
import threading


class Line:
    """A TCP proxy on `address` that leads to the port `to`."""

    def __init__(self, to: int):
        self._to = to
        self._is_cut = self._is_silent = False
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
        """Nothing comes through any more, and nobody is told: no FIN, no RST, as behind a router that forgot."""
        self._is_silent = True
        for call in self._calls:
            call.is_silent = True

    def mend(self):
        """New connections come through again; those that went silent stay so."""
        self._is_cut = self._is_silent = False

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
                    self._calls.append(_Call(browser, self._to, self._is_silent))


class _Call:
    """One connection: two sockets, and a thread for each direction."""

    def __init__(self, browser: socket.socket, to: int, is_silent: bool):
        self.is_silent = is_silent
        self._ends = [browser]
        if not is_silent:
            with contextlib.suppress(OSError):  # the server is being restarted: the browser is hung up on
                self._ends.append(socket.create_connection(("127.0.0.1", to)))
        if len(self._ends) == 1 and not is_silent:
            return self.hang_up()
        for source, target in (self._ends, self._ends[::-1]) if len(self._ends) == 2 else ():
            threading.Thread(target=self._carry, args=(source, target), daemon=True).start()
        return None

    def hang_up(self):
        for end in self._ends:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()

    def _carry(self, source: socket.socket, target: socket.socket):
        with contextlib.suppress(OSError):
            while content := source.recv(65_536):
                if not self.is_silent:
                    target.sendall(content)
        if not self.is_silent:
            self.hang_up()
