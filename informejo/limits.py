"""Every limit on what people may type or send, once: inputs, pages and docs/configuration.md read this table."""

from typing import NamedTuple


class Length(NamedTuple):
    """Fewest and most characters, after cleaning, both included."""

    least: int
    most: int


TITLE = Length(5, 200)
DESCRIPTION = Length(10, 20_000)
COMMENT = Length(1, 20_000)
NAME = Length(2, 100)
EMAIL = Length(3, 254)  # RFC 5321, 4.5.3.1.3: a path is at most 256 octets, angle brackets included
DEPARTMENT = Length(0, 100)
PASSKEY = Length(1, 60)
PASSWORD = Length(15, 1_024)  # NIST SP 800-63B-4, 3.1.1.2: at least 15 where it is the only factor
INVITED = Length(1, 10_000)
CATEGORY = Length(1, 40)
SEARCH = Length(0, 200)
FILE_NAME = Length(1, 120)
KEY = 64  # characters of a once-only key, which forms bring along

FIELDS = {
    "title": TITLE,
    "description": DESCRIPTION,
    "comment": COMMENT,
    "name": NAME,
    "e-mail address": EMAIL,
    "department": DEPARTMENT,
    "password": PASSWORD,
    "people to invite": INVITED,
    "category": CATEGORY,
    "search": SEARCH,
    "file name": FILE_NAME,
}
