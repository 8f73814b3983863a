"""How people's text is compared: folded, word by word, the same in Python, on SQLite and on PostgreSQL.

Databases fold each in their own way, and SQLite beyond ASCII not at all. So what can be searched is folded here when it
is written and kept beside the text itself; the database only looks for one folded text in another.
"""

import re
import unicodedata
from typing import ClassVar

from sqlalchemy import ColumnElement, Text, and_, event, inspect, literal_column
from sqlalchemy.orm import Mapped, mapped_column

from informejo.text import INVISIBLE, JOINER

PHRASE_OR_WORD = re.compile(r'"([^"]*)"|([^\s"]+)')
# What Unicode does not take apart, although people who lack the key type the plain letter.
PLAIN = str.maketrans(
    {"ł": "l", "ø": "o", "đ": "d", "ð": "d", "ħ": "h", "ŧ": "t", "ı": "i", "æ": "ae", "œ": "oe", "þ": "th"}
    | {"ـ": ""}  # only stretches an Arabic word
    | dict.fromkeys("‘’‚‛ʼʹ′´", "'")
    | dict.fromkeys("“”„‟«»″", '"')
    | dict.fromkeys("‐‑‒–—―−", "-")
)
# Compared byte by byte on PostgreSQL too, as on SQLite; else the order would be that of the machine's language.
FOLDED = Text().with_variant(Text(collation="C"), "postgresql")


def fold(text: str) -> str:
    """The text as it is compared: without case, accents, widths, ligatures, kinds of quotes, dashes, digits and spaces.

    Accents here are what Latin, Greek and Cyrillic put above and below letters, the points of Hebrew and the vowel
    signs of Arabic. Marks that make another letter, as in Devanagari, Thai and Japanese, stay.
    """
    if text.isascii():
        return " ".join(text.lower().split())
    text = JOINER.sub("", INVISIBLE.sub("", text)).translate(PLAIN)
    letters = unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", text).casefold())
    plain = "".join(_digit(letter) for letter in letters if not _is_accent(letter))
    return " ".join(unicodedata.normalize("NFC", plain.translate(PLAIN)).split())


def words_of(search: str) -> list[str]:
    """What somebody looks for, folded, each word once; what stands in "quotes" is one word, spaces and all."""
    found = (fold(phrase or word) for phrase, word in PHRASE_OR_WORD.findall(search.translate(PLAIN)))
    return list(dict.fromkeys(filter(None, found)))


class Folded:
    """A row whose text can be searched: `folded` follows the columns of `SAID`, whichever way the row is written.

    The texts stand one to a line, so that no word is found across two of them, and the first one decides the order.
    Statements that change rows without loading them have to set `folded` themselves. Nobody loads it: only the
    database looks at it.
    """

    SAID: ClassVar[tuple[str, ...]]
    folded: Mapped[str] = mapped_column(FOLDED, server_default=literal_column("''"), deferred=True, sort_order=1)

    @classmethod
    def says(cls, word: str) -> ColumnElement[bool]:
        """Whether the folded word stands anywhere in it."""
        return cls.folded.contains(word, autoescape=True)

    @classmethod
    def says_first(cls, said: str) -> ColumnElement[bool]:
        """Whether its first text is compared as this one is; an index of `folded` leads there."""
        first = fold(said)
        return and_(cls.folded >= first, cls.folded < f"{first}\v")  # \v comes right after \n, which ends it


@event.listens_for(Folded, "before_insert", propagate=True)
@event.listens_for(Folded, "before_update", propagate=True)
def _follow(_mapper, _connection, row: Folded):
    state = inspect(row)
    if not state.persistent or any(state.attrs[name].history.has_changes() for name in row.SAID):
        row.folded = "\n".join(fold(getattr(row, name) or "") for name in row.SAID)


def _is_accent(letter: str) -> bool:
    kind = unicodedata.combining(letter)
    return kind >= 200 or 10 <= kind <= 36


def _digit(letter: str) -> str:
    return str(unicodedata.decimal(letter)) if letter.isdecimal() else letter
