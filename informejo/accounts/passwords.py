"""Passwords: hashed slowly, checked in the same time for everybody, refused when they are easy to guess."""

import re
import secrets
import unicodedata

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from zxcvbn import zxcvbn

from informejo.limits import PASSWORD

# OWASP Password Storage Cheat Sheet: argon2id with 19 MiB, two passes, one lane; about 25 ms.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_NOBODY = _hasher.hash(secrets.token_hex())

STRONG = 3  # of zxcvbn's 0 to 4: more than 10**8 guesses
LOOKED_AT = 32  # characters zxcvbn is shown; its worst case is 0.8 s for 32 and 3 s for 64
DESK_WORDS = ("informejo", "helpdesk", "help", "desk", "ticket", "support")


def hash_password(password: str) -> str:
    """What is kept of a password. Raises ValueError for one that is too long to be hashed."""
    if len(password) > PASSWORD.most:
        raise ValueError(f"A password has at most {PASSWORD.most} characters.")
    return _hasher.hash(_composed(password))


def verify(hashed: str | None, password: str) -> bool:
    """Whether the password is the one behind `hashed`. Without a hash the answer is no, and takes just as long."""
    if len(password) > PASSWORD.most:
        return False
    try:
        return _hasher.verify(hashed or _NOBODY, _composed(password)) and hashed is not None
    except (VerificationError, InvalidHashError):
        return False


def weakness(password: str, *own_words: str) -> str | None:
    """Why this cannot be a password, as a sentence, or None. `own_words`: name and address of its owner.

    There are no rules about digits and signs (NIST SP 800-63B-4, 3.1.1.2): what counts is how many guesses it takes.
    """
    if len(password) > PASSWORD.most:
        return f"At most {PASSWORD.most:,} characters fit here; this has {len(password):,}."
    if len(password) < PASSWORD.least:
        return f"A password needs at least {PASSWORD.least} characters; this has {len(password)}."
    known = [*own_words, *re.findall(r"\w+", " ".join(own_words)), *DESK_WORDS]
    if zxcvbn(_composed(password)[:LOOKED_AT], user_inputs=known)["score"] < STRONG:
        return "This is easy to guess. Four unrelated words make a good password."
    return None


def _composed(password: str) -> str:
    # Keyboards differ in how they write an umlaut; the same password must be the same bytes.
    return unicodedata.normalize("NFC", password)
