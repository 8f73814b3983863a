"""A stub of clamd on loopback: it finds the test virus, as every scanner does, and can be away."""

import socketserver
import struct
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# In two pieces, or whatever scans this checkout would find it here: https://www.eicar.org/download-anti-malware-testfile
EICAR = rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$EICAR-" + b"STANDARD-ANTIVIRUS-TEST-FILE!$H+H*"


class _Asked(socketserver.StreamRequestHandler):
    timeout = 10

    def handle(self):
        command = self._until_zero()
        self.server.asked.append(command)
        if command == b"zPING":
            self.wfile.write(b"PONG\0")
        elif command == b"zINSTREAM":
            self.wfile.write(self._verdict())

    def _until_zero(self) -> bytes:
        found = b""
        while (letter := self.rfile.read(1)) not in (b"\0", b""):
            found += letter
        return found

    def _verdict(self) -> bytes:
        content = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
            if len(content) > self.server.most:
                return b"INSTREAM size limit exceeded. ERROR\0"
        self.server.seen.append(content)
        return b"stream: Eicar-Test-Signature FOUND\0" if EICAR in content else b"stream: OK\0"


class Scanner(socketserver.ThreadingTCPServer):
    """`seen` are the files it was given, `asked` the commands; of more than `most` bytes it reads none."""

    daemon_threads = allow_reuse_address = True

    def __init__(self, port: int = 0):
        super().__init__(("127.0.0.1", port), _Asked)
        self.seen, self.asked, self.most = [], [], 1_000_000

    @property
    def address(self) -> str:
        return f"tcp://127.0.0.1:{self.server_address[1]}"


@contextmanager
def scanner(port: int = 0) -> Iterator[Scanner]:
    """One that answers inside the block, and is away after it."""
    with Scanner(port) as stub:
        thread = threading.Thread(target=stub.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
        thread.start()
        try:
            yield stub
        finally:
            stub.shutdown()
            thread.join()
