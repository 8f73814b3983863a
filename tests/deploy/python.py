"""The Python of a machine: Flask's commands are forked from a process that has loaded what every release is built on.

deploy.sh runs half a dozen of them one after the other, and half of the time of each is the loading of libraries.
Whatever else is asked of it, the server above all, is Python from scratch.
"""

import json
import os
import socket
import sys
import threading
from pathlib import Path

STARTS = """#!/bin/sh
case "$*" in "-m flask "*) exec {python} -I -S {this} {port} "$@" ;; esac
exec {python} "$@"
"""
PATIENCE = 120  # seconds


class Python:
    """`place` is an environment whose `bin/python` is this one; `starter` forks from what it has loaded."""

    def __init__(self, place: Path, starter):
        self.place, self._starter = place, starter
        self._listener = socket.create_server(("127.0.0.1", 0))
        script = place / "bin" / "python"
        script.parent.mkdir(parents=True)
        port = self._listener.getsockname()[1]
        script.write_text(STARTS.format(python=sys.executable, this=Path(__file__).resolve(), port=port))
        script.chmod(0o755)
        threading.Thread(target=self._listen, daemon=True).start()

    def close(self):
        self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _listen(self):
        while True:
            try:
                line, _ = self._listener.accept()
            except OSError:  # closed
                return
            threading.Thread(target=self._run, args=(line,), daemon=True).start()

    def _run(self, line: socket.socket):
        with line, line.makefile("rw") as talk:
            order = json.loads(talk.readline())
            asker = order.pop("asker")
            outputs = [f"/proc/{asker}/fd/{number}" for number in (1, 2)]
            talk.write(str(self._starter.start(*order.pop("what"), *outputs, **order).wait(PATIENCE)))


def main(port: str, words: list[str]):
    """Have it run, with what it prints going where ours goes, and end as it ended."""
    umask = os.umask(0)
    what = words, os.getcwd(), dict(os.environ)  # noqa: PTH109 - pathlib is slow to load
    with socket.create_connection(("127.0.0.1", int(port))) as line, line.makefile("rw") as talk:
        print(json.dumps({"what": what, "asker": os.getpid(), "umask": umask}), file=talk, flush=True)
        sys.exit(int(talk.read()))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[3:])  # without "-m"
