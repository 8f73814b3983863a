"""What people wrote as HTML that cannot act, and as one plain line.

A help desk is a place where paths, commands, logs and columns are pasted, so marks are read as in a chat, and doubt
leaves them alone: every visible character stays, but clear marks around whole phrases; numbers and spaces stay as they
were typed. docs/decisions/0012-markdown-changes-nothing-that-was-said.md says which marks, and why.
"""

import re
from collections.abc import Iterable, Iterator
from functools import lru_cache

import nh3
from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup, escape

from informejo.markdown import addresses, blocks, spans
from informejo.markdown.blocks import NESTING
from informejo.text import clean_text

TAGS = {"a", "blockquote", "br", "code", "em", "li", "ol", "p", "pre", "s", "span", "strong", "ul"}
TAGS |= {"table", "tbody", "td", "th", "thead", "tr"}
SCHEMES = {"http", "https", "mailto"}
CLEANER = nh3.Cleaner(
    tags=TAGS,
    attributes={"*": set(), "a": {"href"}},  # id, class, data-*, hx-* and their like act by themselves
    url_schemes=SCHEMES,
    url_relative="deny",
    link_rel="nofollow noopener noreferrer ugc",
)
# Each mark and each level takes time, and the parser drops what lies too deep. Text beyond is shown as it was typed.
MARK = re.compile(r"[\n*_\[`~>|]|[-+] ")
MOST_MARKS = 1_500
# What changes what was said: a backslash or `&lt;` that goes, `# 42` that becomes a heading, a row of dashes that
# becomes a rule, `<ann@example.org>` that loses its brackets, `[1]: x` that vanishes.
UNUSED = ("autolink", "code", "entity", "escape", "heading", "hr", "html_block", "html_inline", "image", "lheading")
UNUSED += ("reference",)


@lru_cache(maxsize=512)
def to_html(markdown: str) -> Markup:
    """What people wrote as HTML that cannot act: line breaks as typed, no images, no HTML of their own."""
    markdown = clean_text(markdown)  # again: what an import or an older version stored must not break the page
    tokens = _tokens(markdown)
    html = f"<pre>{escape(markdown)}</pre>" if tokens is None else _parser.renderer.render(tokens, _parser.options, {})
    return Markup(CLEANER.clean(html))  # noqa: S704 - the one place where people's text becomes HTML


def to_line(markdown: str) -> str:
    """The same as one line without its marks, for where there is room for no more."""
    tokens = _tokens(clean_text(markdown))
    return " ".join((markdown if tokens is None else "".join(_words(tokens))).split())


def excerpt(markdown: str, length: int) -> str:
    """The beginning on one line of at most `length` characters, cut between words if there is a gap."""
    line = to_line(markdown)
    if len(line) <= length:
        return line
    head = line[: length - 1]
    words = head.rpartition(" ")[0]
    return (words if len(words) >= length // 2 else head) + "…"


def running_text(markdown: str) -> list[str]:
    """What people say in it, without code, addresses and what they quote: each piece as it was typed."""
    markdown = clean_text(markdown)
    tokens = _tokens(markdown)
    return [markdown] if tokens is None else list(_running(tokens))


def _running(tokens: Iterable[Token]) -> Iterator[str]:
    aside = 0
    for token in tokens:
        aside += token.nesting if token.tag in ("a", "blockquote") else 0
        if token.type == "inline" and not aside:
            yield from _running(token.children)
        elif token.type == "text" and not aside:
            yield token.content


def _tokens(markdown: str) -> list[Token] | None:
    """None for what has so many marks, or marks so deep, that it is shown as it was typed."""
    if len(MARK.findall(markdown)) > MOST_MARKS:
        return None
    tokens = _parser.parse(markdown)
    return None if any(token.level >= NESTING - 1 for token in tokens) else tokens


def _words(tokens: Iterable[Token]) -> Iterator[str]:
    for token in tokens:
        if token.type == "inline":
            yield from _words(token.children)
        elif token.type == "softbreak" or (token.block and token.nesting):
            yield " "
        else:
            yield token.content
        if number := token.meta.get("number"):
            yield f"{number} "


def _make_parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False, "maxNesting": NESTING})
    parser.enable(("strikethrough", "table")).disable(UNUSED)
    for part in (blocks, spans, addresses):
        part.install(parser)
    return parser


_parser = _make_parser()
