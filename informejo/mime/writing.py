"""Writing text line by line: spaces as a browser sets them, quotations, lists, and tables by row."""

import re
from dataclasses import dataclass, field

SPACE = re.compile(r"[ \t\r\n\f]+")
MOST_QUOTES = 10  # inside each other that are shown as such
MOST_LISTS = 6
MOST_ROWS = 20  # of tables inside each other
MOST_ROW = 300  # characters of a row that is set on one line


@dataclass
class Row:
    """A row of a table that is being written: where its cells begin, as numbers of lines."""

    start: int
    cells: list[int] = field(default_factory=list)


class Writer:
    """Is told words, and where lines, paragraphs, quotations, lists and rows begin and end; gives the text."""

    def __init__(self):
        self.done: list[tuple[int, str]] = []  # lines, each with how often it is quoted
        self.current: list[str] = []
        self.gap = False  # an empty line is due before the next
        self.quotes = self.preformatted = 0
        self.lists: list[int] = []  # the number of the next item; 0 where they have none
        self.rows: list[Row] = []
        self.margin = ""  # what stands before the next line

    def say(self, text: str):
        if self.preformatted:
            first, *others = text.replace("\r\n", "\n").split("\n")
            self.add(first)
            for other in others:
                self.line(empty=True)
                self.add(other)
            return
        words = SPACE.sub(" ", text)
        if words.startswith(" ") and (not self.current or self.current[-1].endswith(" ")):
            words = words[1:]
        self.add(words)

    def add(self, words: str):
        if words:
            self.current.append(words)

    def line(self, empty: bool = False):
        """End the line; one with nothing in it counts only if `empty` ones do."""
        if not self.current and not empty:
            return
        words = "".join(self.current).replace("\u00a0", " ")
        self.current = []
        if not words.strip():
            if words or empty:
                self.gap = False
                self.end("")
            return
        if self.gap and self.done and self.done[-1][1]:
            self.end("")
        self.gap = False
        # The line above a signature is told from a dash by its space (RFC 3676, 4.3).
        self.end(self.margin + ("-- " if words.rstrip() == "--" != words else words.rstrip()))
        self.margin = " " * len(self.margin)

    def end(self, line: str):
        quotes = min(self.quotes, MOST_QUOTES)
        if line:
            self.done.append((quotes, line))
        elif len(self.done) < 2 or self.done[-1][1] or self.done[-2][1]:  # at most two empty lines
            self.done.append((min(quotes, self.done[-1][0] if self.done else 0), ""))

    def space(self):
        """End the paragraph; in a list, only the line."""
        self.line()
        self.gap = self.gap or not self.lists

    def quote(self, by: int = 1):
        self.space()
        self.quotes = max(0, self.quotes + by)

    def begin_list(self, numbered: bool):
        self.line()
        self.gap = self.gap or not self.lists
        self.lists.append(1 if numbered else 0)

    def end_list(self):
        self.line()
        if self.lists:
            self.lists.pop()
        self.margin = ""
        self.gap = self.gap or not self.lists

    def item(self):
        self.line()
        indent = "  " * min(max(len(self.lists) - 1, 0), MOST_LISTS)
        if self.lists and self.lists[-1]:
            self.margin = f"{indent}{self.lists[-1]}. "
            self.lists[-1] += 1
        else:
            self.margin = f"{indent}- "

    def end_item(self):
        self.line()
        self.margin = ""

    def begin_row(self):
        self.line()
        if self.gap and self.done and self.done[-1][1]:
            self.end("")
        self.gap = False
        if len(self.rows) < MOST_ROWS:
            self.rows.append(Row(len(self.done)))

    def cell(self):
        self.line()
        if self.rows:
            self.rows[-1].cells.append(len(self.done))

    def end_row(self):
        """Its cells on one line, if each is one line; a table that only lays out the page stays lines."""
        self.line()
        if not self.rows:
            return
        row = self.rows.pop()
        lines = self.done[row.start :] if len(self.done) - row.start <= 3 * len(row.cells) else []
        cells = [line for line in lines if line[1]]
        if not 1 < len(cells) <= len(row.cells) or len({quotes for quotes, _ in cells}) > 1:
            return
        joined = " | ".join(line for _, line in cells)
        if len(joined) <= MOST_ROW:
            self.done[row.start :] = [(cells[0][0], joined)]
            self.gap = False

    def all(self) -> str:
        """The text, without empty lines around it."""
        self.line()
        lines = ["> " * quotes + line if quotes else line for quotes, line in self.done]
        return "\n".join(line if line.strip() == "--" else line.rstrip() for line in lines).strip("\n")
