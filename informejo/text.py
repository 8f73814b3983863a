"""Cleaning what people typed before it is kept; `markdown` makes HTML of it when it is shown. And numbers in words."""

import re
import unicodedata
from itertools import groupby, islice
from pathlib import PurePosixPath

from informejo import limits

LINE_ENDS = re.compile("[\t\r\n\u2028\u2029]+")
CONTROL = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\ud800-\udfff]")
# Direction marks and overrides, zero-width spaces, blank letters, tags: with them one name passes for another.
INVISIBLE = re.compile(
    "[\u00ad\u034f\u061c\u115f\u1160\u180e\u200b\u200e\u200f\u202a-\u202e\u2060-\u206f\u3164\ufeff\uffa0\ufff9-\ufffb"
    "\U000e0000-\U000e007f]"
)
# Joiners: Persian and Indic spelling and composed emoji need them, always between two characters beyond ASCII.
STRAY_JOINER = re.compile("(?<![^\0-\x7f\\s\u200c\u200d])[\u200c\u200d]|[\u200c\u200d](?![^\0-\x7f\\s\u200c\u200d])")
JOINER = re.compile("[\u200c\u200d]")
NOT_PLAIN = re.compile(r"[^A-Za-z0-9 ._()+-]+")
BLANK_SIGNS = "\u2800\U0001d159"  # signs of Braille and of music that show nothing
MOST_ACCENTS = 100  # on one letter: Unicode wants them sorted, which took 0.7 s for a letter with 20,000


def clean_text(text: str) -> str:
    """Text of many lines as it is kept: NFC, lines ended by LF alone, no control characters but TAB and LF."""
    return _composed(CONTROL.sub("", text.replace("\r\n", "\n").replace("\r", "\n")))


def clean_line(text: str) -> str:
    """Text of one line, such as a name or a title: as `clean_text`, and nothing invisible, no line or outer space."""
    return STRAY_JOINER.sub("", _one_line(text)).strip()


def shown_file_name(name: str | None) -> str:
    """The name of a file as people see it: at most 120 characters with its extension, never empty, never a path.

    The place of the file on disk does not depend on it.
    """
    name = (name or "").replace("\\", "/").rpartition("/")[2]
    name = _without_ragged_end(JOINER.sub("", _one_line(name)))
    ending = PurePosixPath(name).suffix
    if len(ending) > 20:  # the end of a sentence, not the kind of a file
        ending = ""
    stem = name.removesuffix(ending)[: limits.FILE_NAME.most - len(ending)]
    return _without_ragged_end(stem + ending) or "file"


def plain_cell(text: str) -> str:
    """The text as a cell of a file for spreadsheets, which take what begins with one of these signs for a formula."""
    return (
        f"'{text}"
        if text.lstrip(" ").startswith(("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠"))
        else text
    )


def plain_file_name(name: str) -> str:
    """The shown name for programs that read ASCII alone: nothing in it is a path, a quote or the end of a word.

    Accents go, other letters become `_`: to make ASCII of all of them, as libraries do, turns a wide `／` into a path.
    """
    letters = (c for c in unicodedata.normalize("NFD", name) if not unicodedata.combining(c))
    return NOT_PLAIN.sub("_", "".join(letters)).lstrip(".") or "file"


def file_size(size: int) -> str:
    """A number of bytes as people say it: "1 byte", "640 kB", "9.5 MB". A kB is 1,024 bytes, as the limits are."""
    for unit in ("bytes", "kB", "MB", "GB"):
        if size < 1023.95 or unit == "GB":  # from there on it would be said as 1,024
            break
        size /= 1024
    number = f"{size:.1f}".removesuffix(".0")
    return "1 byte" if (number, unit) == ("1", "bytes") else f"{number} {unit}"


def file_count(number: int) -> str:
    """`1 file`, `1,200 files`."""
    return f"{number:,} {'file' if number == 1 else 'files'}"


def says_something(text: str) -> bool:
    """Whether there is anything to read in it: not blanks alone, however wide, nor accents that stand on nothing."""
    return any(_is_read(letter) for letter in text)


def is_name(text: str) -> bool:
    """Whether somebody can be called so. An address is no name: it could be another's, whom they would pass for."""
    return len(text) >= limits.NAME.least and says_something(text) and not has_at(text)


def has_at(text: str) -> bool:
    """Whether there is an @ in it, of whatever width."""
    return "@" in unicodedata.normalize("NFKC", text)


def is_number(text: str) -> bool:
    """Whether it could be the number of something at the desk: ASCII digits, and not more than a database takes."""
    return is_id(text) and len(text) < 12


def is_id(text: str) -> bool:
    """The same of ids that are made of the time, and so longer. Python makes no number of thousands of digits."""
    return text.isascii() and text.isdecimal() and len(text) < 19


def are(number: int) -> str:
    """The verb behind so many."""
    return "is" if number == 1 else "are"


def _is_read(letter: str) -> bool:
    kind = unicodedata.category(letter)
    return kind[0] not in "MZ" and kind not in ("Cc", "Cf", "Cs") and letter not in BLANK_SIGNS


def _one_line(text: str) -> str:
    return _composed(INVISIBLE.sub("", CONTROL.sub("", LINE_ENDS.sub(" ", text))))


def _composed(text: str) -> str:
    if any(map(unicodedata.combining, text)):
        runs = groupby(text, lambda character: unicodedata.combining(character) > 0)
        text = "".join("".join(islice(run, MOST_ACCENTS) if accents else run) for accents, run in runs)
    return unicodedata.normalize("NFC", text)


def _without_ragged_end(name: str) -> str:
    return " ".join(name.split()).rstrip(". ")
