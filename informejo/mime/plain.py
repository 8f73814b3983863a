"""HTML as text that reads well: paragraphs, lists, addresses of links, rows of tables, quotations as `> ` lines."""

import re
from collections.abc import Callable

from informejo.mime import markup, quoting
from informejo.mime.markup import Tag, Text
from informejo.mime.writing import Writer

MOST = 2_000_000  # characters of HTML
MOST_LINK = 500  # characters of an address that is written out: longer ones follow people, and tell them nothing
MOST_ALT = 100
LINES = {"div", "section", "article", "header", "footer", "main", "center", "form", "dl", "dt", "dd", "caption"}
LINES |= {"address", "fieldset", "figure", "figcaption", "tbody", "thead", "tfoot", "body", "html", "head"}
SPACED = {"p", "h1", "h2", "h3", "h4", "h5", "h6", "table", "ul", "ol", "pre", "blockquote"}
VOID = {"br", "img", "hr", "meta", "input", "link", "base", "col", "wbr"}
# Whatever these hold is a quotation, though it is marked as none (Yahoo, Outlook for phones and for the Mac).
QUOTING = ("yahoo_quoted", "ms-outlook-mobile-reference-message", "mail-editor-reference-message-container")
HIDING = re.compile(r"display\s*:\s*none|mso-hide\s*:\s*all", re.IGNORECASE)
INDENTING = re.compile(r"border(?:-left)?\s*:\s*(?:none|0)", re.IGNORECASE)
TOP_LINE = re.compile(r"border-top\s*:\s*solid", re.IGNORECASE)
RULER = "_" * 32
LOOK_AHEAD, MOST_LOOKS = 1_500, 50  # characters of HTML, and how often


def to_text(html: str) -> str:
    """The text of it without what is hidden, unless all is."""
    html = html[:MOST]
    return _Reader(html, hides=True).text() or _Reader(html, hides=False).text()


class _Reader:
    def __init__(self, html: str, hides: bool):
        self.html, self.hides, self.writer = html, hides, Writer()
        self.hidden: tuple[str, int] = "", 0  # the name of the tag that hides, and how many of that name are open
        self.quoting: list[bool] = []  # for each open `div`, whether it quotes
        self.quotations: list[bool] = []  # for each open `blockquote`
        self.links: list[tuple[str, int]] = []  # an address, and how many pieces the line had before its words
        self.tight = False
        self.looks = MOST_LOOKS
        self.answered = False  # whether all from here to the end is quoted

    def text(self) -> str:
        for piece in markup.pieces(self.html):
            if isinstance(piece, Text):
                if not self.hidden[1]:
                    self.writer.say(piece.text)
            elif self.hidden[1]:
                name, depth = self.hidden
                self.hidden = name, depth + ((-1 if piece.closes else 1) if piece.name == name else 0)
            elif self.hides and piece.inside and not piece.closes and self.is_hiding(piece):
                self.hidden = piece.name, 1
            else:
                self.tag(piece)
        return self.writer.all()

    def is_hiding(self, tag: Tag) -> bool:
        return tag.name not in VOID and bool(HIDING.search(tag.inside))

    def tag(self, tag: Tag):
        act = (CLOSING if tag.closes else OPENING).get(tag.name)
        if act:
            act(self, tag)
        elif tag.name in SPACED:
            self.paragraph(tag)
        elif tag.name in LINES:
            self.writer.line()

    def paragraph(self, tag: Tag):
        # Word makes each line a paragraph, without a gap.
        if tag.closes:
            tight = self.tight
        else:
            tight = self.tight = "MsoNormal" in tag.inside
        self.writer.line() if tight else self.writer.space()

    def open_div(self, tag: Tag):
        self.writer.line()
        quotes = any(word in tag.inside for word in QUOTING)
        self.quoting.append(quotes)
        if quotes:
            self.writer.quote()
        elif not self.answered and self.begins_answered(tag):
            self.answered = True
            self.writer.quote()

    def begins_answered(self, tag: Tag) -> bool:
        """As Outlook does it: a head that is marked, or has a line above it; it quotes all that follows."""
        if "divRplyFwdMsg" in tag.inside:
            return True
        if not self.looks or not TOP_LINE.search(tag.inside):
            return False
        self.looks -= 1
        words = markup.unescaped(re.sub(r"<[^<>]*>", " ", self.html[tag.end : tag.end + LOOK_AHEAD])).split()
        return bool(quoting.labels(" ".join(words[:5])) & {"from", "sent"})

    def close_div(self, _tag: Tag):
        self.writer.line()
        if self.quoting and self.quoting.pop():
            self.writer.quote(-1)

    def open_quotation(self, tag: Tag):
        quotes = "cite" in tag.inside or not INDENTING.search(tag.inside)
        self.quotations.append(quotes)
        self.writer.quote(1 if quotes else 0)

    def close_quotation(self, _tag: Tag):
        self.writer.quote(-1 if self.quotations and self.quotations.pop() else 0)

    def open_link(self, tag: Tag):
        self.links.append((tag.attributes().get("href", "").strip(), len(self.writer.current)))

    def close_link(self, _tag: Tag):
        address, start = self.links.pop() if self.links else ("", 0)
        words = "".join(self.writer.current[start:]).strip()
        bare = address.removeprefix("mailto:").rstrip("/")
        known = address.lower().startswith(("http://", "https://", "mailto:"))
        if known and words and len(address) <= MOST_LINK and bare not in (words, words.rstrip("/"), f"http://{words}"):
            self.writer.say(f" ({address})")

    def picture(self, tag: Tag):
        words = " ".join(tag.attributes().get("alt", "").split())
        if words and len(words) <= MOST_ALT:
            self.writer.say(f"[image: {words}]")

    def ruler(self, _tag: Tag):
        self.writer.line()
        self.writer.say(RULER)
        self.writer.line()

    def preformatted(self, tag: Tag):
        self.writer.space()
        self.writer.preformatted = max(0, self.writer.preformatted + (-1 if tag.closes else 1))


def _writes(name: str, *arguments) -> Callable:
    return lambda reader, _tag: getattr(reader.writer, name)(*arguments)


OPENING = {
    "br": _writes("line", True),
    "hr": _Reader.ruler,
    "img": _Reader.picture,
    "a": _Reader.open_link,
    "div": _Reader.open_div,
    "blockquote": _Reader.open_quotation,
    "pre": _Reader.preformatted,
    "ul": _writes("begin_list", False),
    "ol": _writes("begin_list", True),
    "li": _writes("item"),
    "tr": _writes("begin_row"),
    "td": _writes("cell"),
    "th": _writes("cell"),
}
CLOSING = {
    "a": _Reader.close_link,
    "div": _Reader.close_div,
    "blockquote": _Reader.close_quotation,
    "pre": _Reader.preformatted,
    "ul": _writes("end_list"),
    "ol": _writes("end_list"),
    "li": _writes("end_item"),
    "tr": _writes("end_row"),
    "br": _writes("line", True),
}
