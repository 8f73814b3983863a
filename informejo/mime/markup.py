"""The markup of HTML mails, broken as it often is, as text and tags one after the other, each looked at once."""

import re
from collections.abc import Iterator
from html import unescape
from typing import NamedTuple

# Quotation marks that do not match do not swallow what follows: no alternative passes a `<`, and what `(?>` has taken
# is never tried in another way, of which there would be more than anybody can count.
TAG = re.compile(r"""<(/?)([a-zA-Z][\w:]{0,30})((?>(?:[^<>"']|"[^"<]*"|'[^'<]*'|["'])*)|[^<>]*)>|<!--|<[!?/][^<>]*>""")
ATTRIBUTE = re.compile(r"""([a-zA-Z-]{1,30})\s*=\s*(?:"([^"]*)"|'([^']*)'|([^\s"'>]+))""")
UNSHOWN = {name: re.compile(rf"</{name}\s*>", re.IGNORECASE) for name in ("script", "style", "title", "template")}
NO_LETTER = re.compile(r"&#[0-9]{8,};?")
MOST_ATTRIBUTES = 5_000  # characters of one tag
FEWEST_TAGS, PER_TAG = 3_000, 20  # of so many, one for each 20 characters is no mail of a person


class Text(NamedTuple):
    """Text between tags, with its entities as letters."""

    text: str


class Tag(NamedTuple):
    """A tag: its name in lower case, what stands in it, and the place behind it."""

    name: str
    closes: bool
    inside: str
    end: int

    def attributes(self) -> dict[str, str]:
        found = ATTRIBUTE.finditer(self.inside[:MOST_ATTRIBUTES])
        return {each[1].lower(): unescaped(each[2] or each[3] or each[4] or "") for each in found}


def unescaped(text: str) -> str:
    """Entities as letters. A number so long names no letter, and Python refuses to read it."""
    return unescape(NO_LETTER.sub("\ufffd", text) if "&#" in text else text)


def pieces(html: str) -> Iterator[Text | Tag]:
    """Text and tags in their order, without comments, scripts and styles; of too many tags only the text between."""
    place, endless, left = 0, set(), FEWEST_TAGS + len(html) // PER_TAG
    while (found := TAG.search(html, place)) and left:
        left -= 1
        if found.start() > place:
            yield Text(unescaped(html[place : found.start()]))
        place, name = found.end(), (found[2] or "").lower()
        if name and not (name in UNSHOWN and not found[1]):
            yield Tag(name, bool(found[1]), found[3], place)
        elif (kind := name or found[0]) not in endless and (end := _end_of(kind, html, place)) is not None:
            if end < 0:
                endless.add(kind)  # one that has no end hides nothing, and is not looked for again
            else:
                place = end
    if place < len(html):
        yield Text(unescaped(html[place:] if left else re.sub(r"<[^<>]*>", " ", html[place:])))


def _end_of(kind: str, html: str, place: int) -> int | None:
    """Where what is not shown ends, -1 if it does not; None for a tag that stands for itself."""
    if kind == "<!--":
        end = html.find("-->", place)
        return end + 3 if end >= 0 else -1
    if kind in UNSHOWN:
        found = UNSHOWN[kind].search(html, place)
        return found.end() if found else -1
    return None
