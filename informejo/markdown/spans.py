"""Marks within a line: emphasis, code and links, where they are clearly meant."""

import re
import unicodedata
from collections.abc import Callable

from markdown_it import MarkdownIt
from markdown_it.rules_inline import StateInline, backtick, emphasis, strikethrough

BESIDE = 8  # characters: as far as marks and brackets around a phrase may reach
PAIRED = "*_~"  # marks that stand before and after a phrase
OUTSIDE_BEFORE, OUTSIDE_AFTER = frozenset("([{" + PAIRED), frozenset(")]}.,:;!?…" + PAIRED)
NO_BEGINNING = frozenset("./\\-+=|&%$#@?,:;!)}]>^")  # of a phrase: `*.txt` and `_/` are none
NO_ENDING = frozenset("/\\-+=|&$#@<([{^")
LINK = re.compile(
    r"!?\[([^\[\]\n]+)\]\(((?:https?://|mailto:)[^\s()<>]*(?:\([^\s()<>]*\)[^\s()<>]*)*)\)", re.IGNORECASE
)


def install(parser: MarkdownIt):
    """Have the parser read lines in this way."""
    rules = parser.inline.ruler
    rules.at("newline", _newline)
    rules.at("backticks", _code)
    rules.at("strikethrough", _around_phrases(strikethrough.tokenize))
    rules.at("emphasis", _around_phrases(emphasis.tokenize))
    rules.at("link", _link)
    parser.add_render_rule("softbreak", lambda *_: "<br>")


def _newline(state: StateInline, silent: bool) -> bool:
    if state.src[state.pos] != "\n":
        return False
    if not silent:
        state.push("softbreak", "br", 0)
    state.pos += 1
    return True


def _code(state: StateInline, silent: bool) -> bool:
    """Code between backticks, of which neither stands in another line; nothing but blanks is none."""
    start = state.pos
    if not backtick(state, silent):
        return False
    span = state.src[start : state.pos]
    if not silent and span.strip("`") and ("\n" in span or not span.strip("` ")):
        mark = state.tokens.pop().markup
        state.append_pending(mark)
        state.pos = start + len(mark)
    return True


def _around_phrases(rule: Callable[[StateInline, bool], bool]) -> Callable[[StateInline, bool], bool]:
    def strict(state: StateInline, silent: bool) -> bool:
        start, first = state.pos, len(state.delimiters)
        if not rule(state, silent):
            return False
        begins, ends = _begins_or_ends(state.src, start, state.pos)
        for mark in state.delimiters[first:]:
            mark.open, mark.close = mark.open and begins, mark.close and ends
        return True

    return strict


def _begins_or_ends(text: str, start: int, end: int) -> tuple[bool, bool]:
    """Whether these marks clearly begin a phrase, or end one: a word inside of them, and none outside."""
    if text[start:end].startswith("__"):
        return False, False  # `__init__`; nobody writes bold like this
    before, after = text[max(start - BESIDE, 0) : start], text[end : end + BESIDE]
    first, last = after.lstrip(PAIRED)[:1] or " ", before.rstrip(PAIRED)[-1:] or " "
    begins = not (first.isspace() or first in NO_BEGINNING) and _is_free(before[::-1], OUTSIDE_BEFORE)
    ends = not (last.isspace() or last in NO_ENDING) and _is_free(after, OUTSIDE_AFTER)
    return begins, ends


def _is_free(neighbours: str, outside: frozenset[str]) -> bool:
    beside = next((character for character in neighbours if character not in outside), " ")
    return beside.isspace() or unicodedata.category(beside) == "Lo"  # Chinese, Japanese and Thai have no spaces


def _link(state: StateInline, silent: bool) -> bool:
    """`[words](address)`, and an image the same way: fetched from elsewhere, it would tell its owner who reads this."""
    found = None if silent or state.linkLevel else LINK.match(state.src, state.pos, state.posMax)
    if not found or not found[1].strip():
        return False
    state.push("link_open", "a", 1).attrs = {"href": state.md.normalizeLink(found[2])}
    end, state.pos, state.posMax = state.posMax, found.start(1), found.end(1)
    state.linkLevel += 1
    state.md.inline.tokenize(state)
    state.linkLevel -= 1
    state.pos, state.posMax = found.end(), end
    state.push("link_close", "a", -1)
    return True
