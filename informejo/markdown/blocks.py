"""Paragraphs, quotations, lists, code and tables: the library's rules, or rules like them, that change nothing.

Each is called with a state and the numbers of its first line and of the one after the last it may take. Silent, it only
says whether it begins there; else it pushes tokens and sets `state.line`.
"""

import re

from markdown_it import MarkdownIt
from markdown_it.rules_block import StateBlock, list_block, table
from markdown_it.rules_block.fence import make_fence_rule
from markdown_it.rules_block.table import escapedSplit
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

NESTING = 12  # quotations inside each other, or six lists
ONLY_MARKERS = re.compile(r"(?:(?:[-*+]|\d+[.)])[ \t]*)+")  # such a line lists nothing: dashes, or a number by itself
QUOTED = re.compile(r">(?!>>)(?= |>|$)")  # `>100 users` and `>>> print()` quote nobody
LANGUAGE = re.compile(r"[a-z][a-z0-9+#.-]*")
GAP = re.compile(r"\S(?: ?\t| {3}|(?<![.!?:;,]) {2})[ \t]*\S")  # between columns; after a sentence two spaces are none
LEAST_ROWS, LEAST_COLUMNS = 3, 2  # of a table; the line below its head counts
INDENTED = ("    ", "\t")


def install(parser: MarkdownIt):
    """Have the parser read blocks in this way."""
    anywhere = {"alt": ["paragraph", "blockquote", "list"]}  # which others it may end
    rules = parser.block.ruler
    rules.at("table", _table, {"alt": ["paragraph"]})
    rules.at("fence", _fence, anywhere)
    rules.at("blockquote", _quotation, anywhere)
    rules.at("list", _list, {"alt": ["paragraph", "blockquote"]})
    rules.at("paragraph", _paragraph)
    parser.core.ruler.push("numbers", _keep_numbers)
    parser.add_render_rule("paragraph_open", lambda _, tokens, index, *__: f"<p>{_number(tokens[index])}")
    parser.add_render_rule("list_item_open", lambda _, tokens, index, *__: f"<li>{_number(tokens[index])}")


def _paragraph(state: StateBlock, start: int, _end: int, _silent: bool) -> bool:
    """Lines one below the other. A list or a quotation takes no line that does not belong to it.

    Lines in columns, and lines that are all indented, are code: only there each character has the same width.
    """
    ends = state.md.block.ruler.getRules("paragraph")
    outside, state.parentType = state.parentType, "paragraph"
    line = start + 1
    while (
        line < state.lineMax
        and not state.isEmpty(line)
        and state.sCount[line] >= state.blkIndent
        and not any(rule(state, line, state.lineMax, True) for rule in ends)
    ):
        line += 1
    state.line, state.parentType = line, outside
    text = state.getLines(start, line, state.blkIndent, False).rstrip()
    if _is_set_in_columns(text.split("\n")):
        state.push("code_block", "code", 0).content = text
        return True
    state.push("paragraph_open", "p", 1)
    inline = state.push("inline", "", 0)
    inline.content, inline.children = text, []
    state.push("paragraph_close", "p", -1)
    return True


def _is_set_in_columns(lines: list[str]) -> bool:
    return all(line.startswith(INDENTED) for line in lines) or sum(bool(GAP.search(line)) for line in lines) > 1


def _quotation(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    depth = state.env.get("depth", 0)
    if depth >= NESTING or not QUOTED.match(_line(state, start)):
        return False
    if silent:
        return True
    line, quoted = start, []
    while line < end and state.sCount[line] >= state.blkIndent and QUOTED.match(text := _line(state, line)):
        quoted.append(text[1:].removeprefix(" "))
        line += 1
    state.push("blockquote_open", "blockquote", 1)
    first, state.env["depth"] = len(state.tokens), depth + 1
    state.md.block.parse("\n".join(quoted), state.md, state.env, state.tokens)
    state.env["depth"] = depth
    for token in state.tokens[first:]:
        token.level += state.level
    state.push("blockquote_close", "blockquote", -1)
    state.line = line
    return True


def _list(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    line = _line(state, start)
    if line.startswith("+") or ONLY_MARKERS.fullmatch(line):
        return False
    return list_block(state, start, end, silent)


def _fence(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """Code between two rows of backticks; a row by itself is one. What is more than a language is a line of it."""
    if not _ticks(state, start, end, silent):
        return False
    if silent:
        return True
    code, last = state.tokens[-1], _line(state, state.line - 1).rstrip()
    if state.line - start < 2 or not last.startswith(code.markup) or last.strip("`"):
        state.tokens.pop()
        state.line = start
        return False
    if code.info.strip() and not LANGUAGE.fullmatch(code.info.strip()):
        code.content = f"{code.info.strip()}\n{code.content}"
    return True


def _table(state: StateBlock, start: int, end: int, silent: bool) -> bool:
    """A table with its rows. None has more cells than its head: they would not be shown."""
    first = len(state.tokens)
    if not table(state, start, end, silent):
        return False
    if silent:
        return True
    cells = [len(escapedSplit(_line(state, line).strip().strip("|"))) for line in range(start, state.line)]
    if len(cells) < LEAST_ROWS or cells[0] < LEAST_COLUMNS or max(cells) > cells[0]:
        del state.tokens[first:]
        state.line = start
        return False
    return True


def _line(state: StateBlock, number: int) -> str:
    return state.src[state.bMarks[number] + state.tShift[number] : state.eMarks[number]]


def _keep_numbers(state: StateCore):
    """The number of a list item as it was typed, at the beginning of its text."""
    for token, next_one in zip(state.tokens, state.tokens[1:], strict=False):
        if token.tag == "p":
            token.hidden = False  # each item looks the same, whether blank lines stand between them or not
        if token.type == "list_item_open" and token.info:
            place = next_one if next_one.type == "paragraph_open" else token
            place.meta["number"] = token.info + token.markup


def _number(token: Token) -> str:
    return f"<span>{token.meta['number']}</span> " if "number" in token.meta else ""


_ticks = make_fence_rule(markers=("`",))
