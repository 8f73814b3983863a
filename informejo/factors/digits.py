"""The six digits that an app makes anew every half minute (TOTP, RFC 6238: SHA-1, six digits, 30 seconds)."""

import hmac
import re
import unicodedata

from pyotp import TOTP

from informejo import clock

STEP = 30  # seconds
AROUND = (-1, 0, 1)  # steps that count: clocks differ, and typing takes time (RFC 6238, 5.2)
DIGITS = re.compile(r"[0-9]{6}", re.ASCII)
MOST = 100  # characters of what was typed that are looked at


def step_of(secret: str, digits: str) -> int | None:
    """The number of the half minute in which the app shows these digits, of those around now; None for others."""
    totp, now, found = TOTP(secret), int(clock.now().timestamp()) // STEP, None
    for step in (now + offset for offset in AROUND):  # all of them: how long it takes tells nothing
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits.encode()):
            found = step
    return found


def typed(code: str) -> str:
    """A code as somebody typed it, without spaces, and in plain digits: keyboards have those of their own script."""
    plain = unicodedata.normalize("NFKC", code[:MOST])
    return "".join(str(unicodedata.decimal(letter, letter)) for letter in plain if not letter.isspace())


def are_digits(text: str) -> bool:
    """Whether this is what an app shows, and no recovery code."""
    return DIGITS.fullmatch(text) is not None
