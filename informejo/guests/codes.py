"""Access codes: what people can type where they cannot click. Ten characters, none of which looks like another."""

import hashlib
import re
import secrets
import unicodedata

LETTERS = "23456789ABCDEFGHJKMNPQRSTVWXYZ"  # no 0 and O, no 1, I and L, no U, which some hands write as V
LENGTH = 10  # of 30 letters: 49 bits, for whoever also knows the address, and may try a thousand times an hour
MOST = 100  # characters of what was typed that are looked at
_NOT_TYPED = re.compile(r"[\W_]+")


def new_code() -> str:
    """A code nobody has had, as it is kept in mind: ten letters and digits."""
    return "".join(secrets.choice(LETTERS) for _ in range(LENGTH))


def shown(code: str) -> str:
    """The same in two groups, as people read it: `7KQ2M-XW4TP`."""
    return f"{code[: LENGTH // 2]}-{code[LENGTH // 2 :]}"


def read(typed: str) -> str:
    """The code that was typed: in any case, with spaces and dashes or without, also in wide letters; else nothing."""
    plain = _NOT_TYPED.sub("", unicodedata.normalize("NFKC", typed[:MOST])).upper()
    return plain if len(plain) == LENGTH and set(plain) <= set(LETTERS) else ""


def hashed(code: str, user_id: int) -> str:
    """What the database keeps of that person's code: slow to make (4 MB, some ms), since 49 bits could be tried out.

    RFC 7914, with the person as the salt: it can be looked up, and nobody's guesses count for two people.
    """
    return hashlib.scrypt(code.encode(), salt=b"code %d" % user_id, n=2**12, r=8, p=1, dklen=32).hex()
