"""Whom a message calls by name: `@Mia`, `@Mia Lund`, `@"Mia Lund"`, or `@mia.lund`, the beginning of her address."""

import re
import unicodedata
from collections.abc import Iterable, Iterator

from informejo import markdown
from informejo.accounts.models import User
from informejo.folding import fold
from informejo.mime import quotes

_ALONE = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"  # Thai, Lao, Japanese and Chinese have no spaces between words
_CALL = re.compile(rf"(?<![^\W{_ALONE}])(?<![@/.+&=%-])@(?=\S)")  # neither in an address nor in a path
_PART = re.compile(f"[^{_ALONE}]")
_JOINS = frozenset("-.+_")  # within a name, and at its end not: `@mia` is not in `@mia.lund`, and is in `@mia.`
_QUOTED = re.compile(r'"([^"]+)"')
_BEYOND = 40  # characters, for accents and blanks that folding takes away

Names = dict[str, User | None]  # folded -> whose name it is; of more than one person's, None


def mentioned(body: str, people: Iterable[User]) -> list[User]:
    """Those of `people` whom the message calls by name, in the order of the text.

    The longest name that fits counts. A name that several of them have calls nobody; nor does one inside of code, or
    in what is only quoted.
    """
    names, said = _names(people), quotes.split(body).said
    lengths = sorted({len(name) for name in names}, reverse=True)
    found = (_called(after, names, lengths) for text in markdown.running_text(said) for after in _calls(text, lengths))
    return list(dict.fromkeys(user for user in found if user))


def _names(people: Iterable[User]) -> Names:
    names: Names = {}
    for user in people:
        name = fold(user.name)
        for each in {name, name.partition(" ")[0], fold(user.email.rpartition("@")[0])} - {""}:
            names[each] = None if each in names else user
    return names


def _calls(text: str, lengths: list[int]) -> Iterator[str]:
    """What follows each @ that begins a name, folded, and no more of it than the longest name needs."""
    most = 2 * lengths[0] + _BEYOND if lengths else 0
    for call in _CALL.finditer(text):
        yield fold(text[call.end() : call.end() + most])


def _called(after: str, names: Names, lengths: list[int]) -> User | None:
    if quoted := _QUOTED.match(after):
        return names.get(quoted[1].strip())
    for length in lengths:
        if after[:length] in names and len(after) >= length and _ends(after[length : length + 2]):
            return names[after[:length]]
    return None


def _ends(beyond: str) -> bool:
    """Whether a name may end before these two characters."""
    first, second = beyond[:1], beyond[1:]
    return not (first == "@" or _goes_on(first) or (first in _JOINS and _goes_on(second)))


def _goes_on(letter: str) -> bool:
    """Whether a letter, a digit or a mark belongs to the word before it."""
    return bool(_PART.match(letter)) and unicodedata.category(letter)[0] in "LNM"
