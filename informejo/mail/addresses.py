"""Addresses out of a field: names, groups, comments and what programs make of them (RFC 5322, 3.4), in one pass."""

import re

from informejo.mail import headers

PIECE = re.compile(r'"(?:[^"\\]|\\.?)*(?:"|$)|<[^<>]*(?:>|$)|[(),;:]|[^"<(),;:]+|.', re.DOTALL)
ADDRESS = re.compile(r"[^\s@\"<>(),:;\\\x00-\x20]{1,64}@[^\s@\"<>(),:;\\]{1,253}")
MOST = 1_000  # addresses of one mail that are kept


def found_in(values: list[str]) -> list[tuple[str, str]]:
    """Name and address, lower-case, of everybody in these fields; what is no address is left out."""
    people: list[tuple[str, str]] = []
    for value in values:
        pairs = _pairs(value) or (_pairs(headers.words(value)) if "=?" in value else [])
        people += pairs
        if len(people) >= MOST:
            break
    return people[:MOST]


def _pairs(value: str) -> list[tuple[str, str]]:
    people, text, address, comment, depth = [], [], "", [], 0
    for piece in [*PIECE.findall(value), ","]:
        if piece == "(" or depth:
            depth += (piece == "(") - (piece == ")")
            if piece not in "()":
                comment.append(piece)
        elif piece.startswith("<"):
            address = piece.strip("<> \t").rpartition(":")[2]  # what stands before a colon is a route, long obsolete
        elif piece in (",", ";"):
            people += _person(text, address, comment)
            text, address, comment = [], "", []
        elif piece == ":":
            text = []  # the name of a group
        else:
            text.append(piece)
    return people


def _person(words: list[str], address: str, comment: list[str]) -> list[tuple[str, str]]:
    text = "".join(words).strip()
    if not address:
        found = ADDRESS.search(text) if "@" in text else None
        if not found:
            return []
        address, text = found[0], (text[: found.start()] + text[found.end() :])
    if not ADDRESS.fullmatch(address):
        return []
    name = re.sub(r'\\(.)|"', r"\1", text).strip() or "".join(comment)
    name = headers.line(name).strip("'\" ")
    return [("" if name.lower() == address.lower() else name, address.lower())]
