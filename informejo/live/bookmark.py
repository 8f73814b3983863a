"""How far a reader has read the log, and how that is written where people can see it: sealed.

The number of the newest event says how busy the desk is, so nobody but the desk can read it: two bookmarks of the same
event look as different as two of different ones.
"""

import base64
import binascii
import hashlib
import secrets
from functools import lru_cache
from typing import NamedTuple

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

LENGTH = 48  # characters of a sealed bookmark, whatever it holds
_NONCE = 12  # bytes, drawn anew for each (NIST SP 800-38D, 8.2.2)


class Bookmark(NamedTuple):
    """The log's epoch and the id of the last event that was read. `str` seals it, `read` opens it again."""

    epoch: str
    id: int

    def __str__(self) -> str:
        nonce = secrets.token_bytes(_NONCE)
        sealed = nonce + _cipher(self.epoch).encrypt(nonce, self.id.to_bytes(8, "big"), None)
        return base64.urlsafe_b64encode(sealed).decode()


def read(text: str, epoch: str) -> Bookmark | None:
    """The bookmark that this log sealed in this epoch; None for one of another epoch, and for anything else."""
    if len(text) != LENGTH or not text.isascii():
        return None
    try:
        sealed = base64.b64decode(text, altchars=b"-_", validate=True)
        opened = _cipher(epoch).decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
    except (binascii.Error, InvalidTag):
        return None
    return Bookmark(epoch, int.from_bytes(opened, "big"))


@lru_cache(maxsize=8)
def _cipher(epoch: str) -> AESGCM:
    # The epoch's word never leaves the database, so it can be the key; a restore renews it, and no old bookmark opens.
    return AESGCM(hashlib.sha256(b"bookmark of " + epoch.encode()).digest())
