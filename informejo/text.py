"""What people typed: made clean on its way in, safe and readable on its way out."""

import re
import unicodedata
from functools import lru_cache
from itertools import groupby, islice
from pathlib import PurePosixPath

import nh3
from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, link
from markupsafe import Markup, escape

from informejo import limits

TAGS = {"a", "blockquote", "br", "code", "em", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "s", "strong", "ul"}
SCHEMES = {"http", "https", "mailto"}
CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}, "ol": {"start"}},  # id, class, data-*, hx-* and their like act by themselves
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="nofollow noopener noreferrer ugc",
)
# Each mark and each level takes time, and the parser drops what lies too deep. Text beyond is shown as it was typed.
MARK = re.compile(r"[\n*_\[`~>]|[-+] ")
MOST_MARKS = 1_500
NESTING = 12  # quotes inside each other, or six lists
# At a help desk people paste paths and markup: a backslash stays a backslash, `&lt;` stays `&lt;`. Nor does a rule
# of dashes make the line above it a heading, or `[1]: x` vanish as the address of a link.
UNUSED = ("escape", "entity", "lheading", "reference")

MARKUP = re.compile(r"\*\*|`|^[>#]+ ?", re.MULTILINE)  # what an excerpt is easier to read without

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
MOST_ACCENTS = 100  # on one letter: Unicode wants them sorted, which took 0.7 s for a letter with 20,000

BARE_SCHEME = re.compile(r"(?<!\w)https?$", re.IGNORECASE)
BARE_REST = re.compile(r"://[^\s<>\"`]*")
SENTENCE_END = ".,:;!?'\"*_~]"


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


def excerpt(text: str, length: int) -> str:
    """The beginning of `text` on one line of at most `length` characters, cut between words if there is a gap."""
    line = " ".join(MARKUP.sub("", text).split())
    if len(line) <= length:
        return line
    head = line[: length - 1]
    words = head.rpartition(" ")[0]
    return (words if len(words) >= length // 2 else head) + "…"


@lru_cache(maxsize=512)
def to_html(markdown: str) -> Markup:
    """What people wrote as HTML that cannot act: CommonMark, line breaks as typed, no images, no HTML of their own."""
    markdown = clean_text(markdown)  # again: what an import or an older version stored must not break the page
    html = _rendered(markdown)
    if html is None:
        html = f"<pre>{escape(markdown)}</pre>"
    return Markup(CLEANER.clean(html))  # noqa: S704 - the one place where people's text becomes HTML


def _rendered(markdown: str) -> str | None:
    if len(MARK.findall(markdown)) > MOST_MARKS:
        return None
    tokens = _markdown.parse(markdown)
    if any(token.level >= NESTING - 1 for token in tokens):
        return None
    return _markdown.renderer.render(tokens, _markdown.options, {})


def _one_line(text: str) -> str:
    return _composed(INVISIBLE.sub("", CONTROL.sub("", LINE_ENDS.sub(" ", text))))


def _composed(text: str) -> str:
    if any(map(unicodedata.combining, text)):
        runs = groupby(text, lambda character: unicodedata.combining(character) > 0)
        text = "".join("".join(islice(run, MOST_ACCENTS) if accents else run) for accents, run in runs)
    return unicodedata.normalize("NFC", text)


def _without_ragged_end(name: str) -> str:
    return " ".join(name.split()).rstrip(". ")


def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "breaks": True, "maxNesting": NESTING})
    parser.enable("strikethrough").disable(UNUSED)
    parser.inline.ruler.before("newline", "bare_link", _bare_link)
    parser.inline.ruler.at("image", _image_as_link)
    parser.core.ruler.push("lower_headings", _lower_headings)
    parser.validateLink = lambda url: url.partition(":")[0].lower() in SCHEMES
    return parser


def _bare_link(state: StateInline, silent: bool) -> bool:
    """An address in running text, without the quadratic search of markdown-it's own rule."""
    scheme = BARE_SCHEME.search(state.pending[-6:]) if state.src.startswith("://", state.pos) else None
    if silent or state.linkLevel or not scheme:
        return False
    rest = BARE_REST.match(state.src, state.pos, state.posMax).group().rstrip(SENTENCE_END)
    if "(" not in rest:
        rest = rest.rstrip(SENTENCE_END + ")")
    if len(rest) <= len("://"):
        return False
    scheme, state.pos = scheme.group(), state.pos + len(rest)
    state.pending = state.pending[: -len(scheme)]
    state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(scheme + rest)}
    state.push("text", "", 0).content = scheme + rest
    state.push("link_close", "a", -1)
    return True


def _image_as_link(state: StateInline, silent: bool) -> bool:
    """`![words](address)`: an image from elsewhere would tell its owner who reads this, and when."""
    if not state.src.startswith("![", state.pos):
        return False
    state.pos += 1
    if link(state, silent):
        return True
    state.pos -= 1
    return False


def _lower_headings(state):
    """Start at the fourth level: the first three belong to the page."""
    for token in state.tokens:
        if token.type in ("heading_open", "heading_close"):
            token.tag = f"h{min(int(token.tag[1]) + 3, 6)}"


_markdown = _parser()
