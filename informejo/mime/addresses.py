"""Addresses out of a field: names, groups, comments and what programs make of them (RFC 5322, 3.4), in one pass."""

import re
from collections.abc import Iterator
from itertools import islice

from informejo.addresses import one_spelling
from informejo.mime import headers
from informejo.text import CONTROL, INVISIBLE, JOINER

PIECE = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|$)|<[^<>]*(?:>|$)|[(),;:]|[^"<(),;:]+|.', re.DOTALL)
ADDRESS = re.compile(r"[^\s@\"<>(),:;\\\x00-\x20]{1,64}@[^\s@\"<>(),:;\\]{1,253}")
MOST_NAME = 1_000  # characters
MOST = 1_000  # addresses of one mail that are kept


def found_in(values: list[str]) -> list[tuple[str, str]]:
    """Name and address, as it is compared, of everybody in these fields; what is no address is left out."""
    people: list[tuple[str, str]] = []
    for value in values:
        found = list(islice(_pairs(value), MOST - len(people)))
        if not found and "=?" in value:  # the address stands within an encoded word, where none belongs
            found = list(islice(_pairs(headers.words(value)), MOST - len(people)))
        people += found
    return people


def _pairs(value: str) -> Iterator[tuple[str, str]]:
    text, address, comment, depth = [], "", [], 0
    for piece in [*PIECE.findall(value), ","]:
        if piece == "(" or depth:
            depth += (piece == "(") - (piece == ")")
            if piece not in "()":
                comment.append(piece)
        elif piece.startswith("<"):
            address = piece.strip("<> \t").rpartition(":")[2]  # what stands before a colon is a route, long obsolete
        elif piece in (",", ";"):
            yield from _person(text, address, comment)
            text, address, comment = [], "", []
        elif piece == ":":
            text = []  # the name of a group
        else:
            text.append(piece)


def _person(words: list[str], address: str, comment: list[str]) -> list[tuple[str, str]]:
    text = "".join(words).strip()[-MOST_NAME:]
    if not address:
        found = ADDRESS.search(text) if "@" in text else None
        if not found:
            return []
        address, text = found[0], (text[: found.start()] + text[found.end() :])
    if not ADDRESS.fullmatch(address) or "=?" in address or _is_deceptive(address):
        return []
    name = re.sub(r'\\(.)|"', r"\1", text).strip() or "".join(comment)
    name = headers.line(name).strip("'\" ")
    return [("" if name.lower() == address.lower() else name, one_spelling(address))]


def _is_deceptive(address: str) -> bool:
    """Whether something in it cannot be seen: on the page it would be somebody else's."""
    return any(hidden.search(address) for hidden in (CONTROL, INVISIBLE, JOINER))
