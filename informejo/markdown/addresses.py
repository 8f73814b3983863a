"""Addresses of web and mail in running text become links, without what the sentence around them has put behind."""

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator

from markdown_it import MarkdownIt
from markdown_it.rules_core import StateCore
from markdown_it.token import Token

ADDRESS = re.compile(
    r"""(?<![a-z0-9]) (?P<start> https?:// | www\.(?=[\w-]+\.\w) ) (?P<rest> [^\W_][^\s<>"`、。「」，；]* )
      | (?<![a-z0-9_.+%-]) (?:mailto:)? [a-z0-9_.+%-]{1,64} @ (?:[a-z0-9-]+\.)+ [a-z]{2,} (?! [a-z0-9@-] | :\S | / )""",
    re.IGNORECASE | re.VERBOSE,
)
SENTENCE_END = frozenset(".,:;!?'\"*_~]}|")


def install(parser: MarkdownIt):
    """Have the parser find addresses, once it has found everything else."""
    parser.core.ruler.push("addresses", _link_addresses)


def _link_addresses(state: StateCore):
    for token in state.tokens:
        if token.type == "inline":
            token.children = list(_with_links(token.children, state.md.normalizeLink))


def _with_links(tokens: Iterable[Token], normalized: Callable[[str], str]) -> Iterator[Token]:
    inside = 0
    for token in tokens:
        inside += token.nesting if token.tag == "a" else 0
        if token.type != "text" or inside:
            yield token
            continue
        end = 0
        while found := ADDRESS.search(token.content, end):
            address = _without_sentence(found)
            yield _text(token.content[end : found.start()])
            end = found.start() + len(address)
            yield Token("link_open", "a", 1, attrs={"href": normalized(_completed(address))})
            yield _text(address)
            yield Token("link_close", "a", -1)
        yield _text(token.content[end:])


def _without_sentence(found: re.Match) -> str:
    """An address without what the sentence around it has put behind."""
    rest = found["rest"]
    if rest is None:
        return found.group()
    before = "/"
    for position, character in enumerate(rest):
        if _ends_address(before, character):
            rest = rest[:position]
            break
        before = character
    unopened = rest.count(")") - rest.count("(")
    while rest[-1] in SENTENCE_END or (rest[-1] == ")" and unopened > 0):
        unopened -= rest[-1] == ")"
        rest = rest[:-1]
    return found["start"] + rest


def _ends_address(before: str, character: str) -> bool:
    """In Japanese a sentence goes on without a space; an address in Japanese begins each part with a letter of it."""
    if character.isascii():
        return False
    kind = unicodedata.category(character)
    return kind[0] in "PSZ" or (kind == "Lo" and before.isascii() and before.isalnum())


def _completed(address: str) -> str:
    if ADDRESS.match(address)["start"]:
        return f"http://{address}" if address[:4].lower() == "www." else address
    return address if address[:7].lower() == "mailto:" else f"mailto:{address}"


def _text(content: str) -> Token:
    return Token("text", "", 0, content=content)
