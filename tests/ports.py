"""Ports that no other test of this machine gets, whichever process runs it."""

import random
import socket

OURS = range(10_000, 32_000)  # the kernel gives connections that go out a number above these
_claims: list[socket.socket] = []  # held until this process ends


def free_port() -> int:
    """A port where nothing listens, and that nobody else who asks here is given while this process lives.

    To bind port 0 and let go of it would not do: until the server listens, anybody may be given the same number.
    """
    while True:
        port = random.choice(OURS)
        if _claimed(port) and not _taken(port):
            return port


def _claimed(port: int) -> bool:
    claim = socket.socket(socket.AF_UNIX)
    try:
        claim.bind(f"\0informejo-test-port-{port}")  # an abstract name goes with the process that holds it
    except OSError:
        claim.close()
        return False
    _claims.append(claim)
    return True


def _taken(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return True
        return False
