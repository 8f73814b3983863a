"""Files and the virus scanner: none is kept in which it finds something, none handed out that it has not seen.

Without a SCANNER nothing is asked. While it does not answer, files are kept and held: a file that is held is shown by
its name and opened by nobody, until the background work has asked again.
"""

import time
from collections.abc import Iterator
from pathlib import Path

from flask import current_app

from informejo import clamd
from informejo.offload import offload

PIECE = 256 * 1024  # bytes
SILENCE = 10  # seconds for which a scanner that did not answer is not asked by those who send a file
_silent_until: dict[str, float] = {}  # by address


def found_in(pieces: Iterator[bytes]) -> str:
    """What the scanner found in these bytes; nothing if it found none, or there is no scanner.

    Raises Unchecked, and Silent at once where it did not answer a moment ago.
    """
    address = current_app.config["SCANNER"]
    if not address:
        return ""
    if time.monotonic() < _silent_until.get(address, 0):
        raise clamd.Silent("The scanner did not answer a moment ago.")
    try:
        return clamd.found_in(address, pieces)
    except clamd.Unchecked as error:
        current_app.logger.warning("%s", error)
        if isinstance(error, clamd.Silent):
            _silent_until[address] = time.monotonic() + SILENCE
        raise


def of_file(path: Path) -> Iterator[bytes]:
    """The bytes of a file, piece by piece. Raises Unchecked where they cannot be read."""
    try:
        with path.open("rb") as file:
            while piece := offload(file.read, PIECE):
                yield piece
    except OSError as error:
        raise clamd.Unchecked(f"A file could not be read to be checked: {error.strerror}.") from error


def ask_anew():
    """Whoever asks next does, however short ago it did not answer."""
    _silent_until.clear()
