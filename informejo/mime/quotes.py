"""What somebody newly wrote in a mail, and the rest: what they quote, their signature, the line of their telephone.

It goes by lines, each looked at a fixed number of times, so that no mail takes long. In doubt a line was newly written.
"""

import re
from typing import NamedTuple

from informejo.mime import quoting

MARKER = "-- Please write above this line --"  # what our mails begin with that can be answered; below it nothing is new
MOST = 64_000  # characters that are looked at
MOST_LINE = 1_000  # characters of a line that are looked at
MOST_HEADER = 400  # characters of "On this day Ann wrote:", which may stand in three lines
MOST_LOOKS = 500  # lines that end in a colon and are looked at more closely
MOST_SIGNATURE = 20  # lines
MOST_LABELS = 12  # lines of "From: Sent: To: Subject:", some of them long and broken
MARKS = re.compile("[\u200b-\u200f\u202a-\u202e\u2066-\u2069\ufeff]")
NOTHING: frozenset[str] = frozenset()
SIGNATURE = ("-- ", "--\u00a0")


class Parts(NamedTuple):
    """A text in two: `said + rest` is the whole, to the letter."""

    said: str
    rest: str


def split(text: str) -> Parts:
    """The text up to where only quotations and signatures follow. What has nothing else is all said."""
    lines = text[:MOST].split("\n")
    finder = _Finder([MARKS.sub("", line[:MOST_LINE]) for line in lines])
    place = finder.place(whole=len(text) <= MOST)
    at = sum(len(line) + 1 for line in lines[:place])
    if place >= len(lines) or not text[:at].strip():
        return Parts(text, "")
    return Parts(text[:at], text[at:])


def name(rest: str) -> str:
    """What the rest of a text is, in words for people."""
    lines = [MARKS.sub("", line[:MOST_LINE]) for line in rest[:MOST].split("\n")]
    finder = _Finder(lines)
    quoted = any(finder.is_quoted(line) or finder.hard(line) is not None for line in range(len(lines)))
    return "Quoted text" if quoted else "Signature"


class _Finder:
    """Looks for the line where the rest begins. Numbers of lines are their places in the list."""

    def __init__(self, lines: list[str]):
        self.lines = lines
        self.bare = [line.strip() for line in lines]
        self.labels = [quoting.labels(bare) if ":" in bare or "：" in bare else NOTHING for bare in self.bare]
        self.looks = MOST_LOOKS

    def place(self, whole: bool) -> int:
        """`whole`: the lines are all there are, so that their end is the mail's."""
        hard = next((start for line in range(len(self.lines)) if (start := self.hard(line)) is not None), None)
        if hard is None and not whole:
            return len(self.lines)
        end = len(self.lines) if hard is None else hard
        while (start := self.above(end)) < end:
            end = start
        return end

    def hard(self, line: int) -> int | None:
        """Where it begins, if a quotation without marks begins with this line: it has no end but the mail's."""
        bare = self.bare[line]
        if not bare or bare.startswith(">"):
            return None
        dashes = bare[0] in "-_=*" and (bare.strip("* ") == MARKER or quoting.ORIGINAL_LINE.fullmatch(bare))
        if dashes or self.is_block(line):
            return None if self.is_passed_on(line) else line
        if self.looks and bare.endswith(quoting.END) and not self.is_quoted_below(line):
            self.looks -= 1
            start = self.header(line)
            return start if start is not None and self.names_address(start, line) else None
        return None

    def above(self, end: int) -> int:
        """Where that begins which, directly above that line, is no new text either."""
        line = self.text_above(end)
        if line < 0:
            return end
        if self.bare[line].startswith(">"):
            while line and (self.bare[line - 1].startswith(">") or self.is_gap(line - 1)):
                line -= 1
            return end if self.is_passed_on(line) or self.is_passed_on(line + 1) else line
        if quoting.RULER.fullmatch(self.bare[line]) and end < len(self.lines):
            return line
        if end < len(self.lines) and (start := self.header(line)) is not None:
            return start
        if quoting.is_of_a_phone(self.bare[line]):
            return line
        start = self.signature(line)
        return end if start is None else start

    def is_passed_on(self, line: int) -> bool:
        above = self.text_above(line)
        return above >= 0 and line - above <= 3 and quoting.passes_on(self.bare[above])

    def text_above(self, end: int) -> int:
        line = end - 1
        while line >= 0 and not self.bare[line]:
            line -= 1
        return line

    def is_gap(self, line: int) -> bool:
        """An empty line between two that are quoted."""
        return not self.bare[line] and line > 0 and self.bare[line - 1].startswith(">")

    def is_quoted(self, line: int) -> bool:
        return self.bare[line].startswith(">")

    def is_quoted_below(self, line: int) -> bool:
        below = next((bare for bare in self.bare[line + 1 : line + 4] if bare), "")
        return below.startswith(">")

    def header(self, last: int) -> int | None:
        """The first line of "On this day Ann wrote:" that ends in this one: this one, or one of the two above."""
        if not self.bare[last].endswith(quoting.END):
            return None
        found = None
        for first in range(last, max(last - 3, -1), -1):
            if not self.bare[first] or self.is_quoted(first):
                break
            text = " ".join(self.bare[first : last + 1])
            if len(text) > MOST_HEADER:
                break
            if _is_header(text) and (found is None or quoting.OPENER.match(text)):
                found = first
            if found == first and quoting.OPENER.match(text):
                break
        return found

    def names_address(self, first: int, last: int) -> bool:
        text = " ".join(self.bare[first : last + 1])
        return bool(quoting.ADDRESS.search(text)) and quoting.says_wrote(text)

    def is_block(self, line: int) -> bool:
        """Whether "From: Sent: To: Subject:" begins here, in any order and language, with a subject among them."""
        found: set[str] = set()
        if not self.labels[line]:
            return False
        for below in range(line, min(line + MOST_LABELS, len(self.lines))):
            if not self.bare[below]:
                break
            found |= self.labels[below]
        return {"from", "subject"} <= found and bool(found & {"sent", "to"})

    def signature(self, line: int) -> int | None:
        """Where it begins, if this line belongs to one."""
        for start in range(line, max(line - MOST_SIGNATURE, -1), -1):
            if self.lines[start].startswith(SIGNATURE) and not self.bare[start].strip("- \u00a0"):
                return start
            if self.is_quoted(start):
                return None
        return None


def _is_header(text: str) -> bool:
    text = text.strip("* ")
    if not quoting.DATE.search(text) and "年" not in text and "년" not in text:
        return False
    return bool(quoting.ADDRESS.search(text)) or quoting.says_wrote(text)
