"""Asking clamd whether there is a virus in some bytes: as much of its protocol (clamd(8)) as that takes."""

import re
import socket
import struct
from collections.abc import Iterable
from contextlib import suppress
from urllib.parse import urlsplit

CONNECT_SECONDS = 3
ANSWER_SECONDS = 20  # of silence, not in all
MOST_ANSWER = 4_096  # bytes
END = struct.pack("!I", 0)
_FOUND = re.compile(r"stream: (.+) FOUND")


class Unchecked(Exception):
    """It did not say whether there is one; the message is a sentence for whoever runs the desk."""


class Silent(Unchecked):
    """It does not answer at all, so it needs not be asked about other bytes either."""


def found_in(address: str, pieces: Iterable[bytes]) -> str:
    """What clamd calls the virus that it found in these bytes; nothing if there is none. Raises Unchecked.

    `address` is `tcp://127.0.0.1:3310` or `unix:/run/clamav/clamd.ctl`.
    """
    answer = _asked(address, b"zINSTREAM\0", (struct.pack("!I", len(piece)) + piece for piece in pieces if piece))
    if answer == "stream: OK":
        return ""
    if found := _FOUND.fullmatch(answer):
        return found[1]
    raise Unchecked(f"The scanner could not check a file: {answer[:200] or 'it hung up'}.")


def ping(address: str):
    """Raises Unchecked when there is no clamd at that address that answers."""
    if (answer := _asked(address, b"zPING\0")) != "PONG":
        raise Silent(f"Something else than clamd answers at SCANNER: {answer[:40]!r}.")


def _asked(address: str, command: bytes, pieces: Iterable[bytes] = ()) -> str:
    try:
        with _connected(address) as line:
            line.settimeout(ANSWER_SECONDS)
            with suppress(BrokenPipeError, ConnectionResetError):  # it has said already why it reads no further
                line.sendall(command)
                for piece in pieces:
                    line.sendall(piece)
                if command == b"zINSTREAM\0":
                    line.sendall(END)
            return _answer(line)
    except TimeoutError as error:
        raise Silent("The scanner does not answer in time.") from error
    except (OSError, ValueError) as error:
        raise Silent(f"The scanner cannot be reached: {getattr(error, 'strerror', '') or error}.") from error


def _connected(address: str) -> socket.socket:
    place = urlsplit(address)
    if place.scheme == "tcp":
        return socket.create_connection((place.hostname, place.port or 3310), CONNECT_SECONDS)
    line = socket.socket(socket.AF_UNIX)
    try:
        line.settimeout(CONNECT_SECONDS)
        line.connect(place.path)
    except BaseException:
        line.close()
        raise
    return line


def _answer(line: socket.socket) -> str:
    answer = b""
    with suppress(ConnectionResetError):  # it hung up, and what it said may have got lost with that
        answer = _read(line)
    return answer.rstrip(b"\0\n").decode(errors="replace")


def _read(line: socket.socket) -> bytes:
    answer = b""
    while len(answer) < MOST_ANSWER and not answer.endswith(b"\0") and (piece := line.recv(MOST_ANSWER)):
        answer += piece
    return answer
