"""The HTML of a mail made safe to show: an allow-list, no styles, pictures of the mail itself; others if asked for."""

import re
from collections.abc import Callable
from urllib.parse import unquote

import nh3
from markupsafe import Markup

from informejo.mime import markup
from informejo.mime.markup import Tag
from informejo.mime.plain import to_text

MOST = 1_000_000  # characters; beyond, and where tags lie too deep, its text is shown
TAGS = {
    *("a", "abbr", "b", "bdi", "bdo", "blockquote", "br", "caption", "center", "cite", "code", "col", "colgroup", "dd"),
    *("del", "details", "div", "dl", "dt", "em", "figcaption", "figure", "h1", "h2", "h3", "h4", "h5", "h6", "hr"),
    *("i", "img", "ins", "kbd", "li", "mark", "ol", "p", "pre", "q", "s", "samp", "small", "span", "strike", "strong"),
    *("sub", "summary", "sup", "table", "tbody", "td", "tfoot", "th", "thead", "time", "tr", "tt", "u", "ul", "var"),
}
ATTRIBUTES = {
    "*": {"dir", "lang"},
    "a": {"href", "title"},
    "img": {"src", "alt", "width", "height"},
    "td": {"colspan", "rowspan"},
    "th": {"colspan", "rowspan"},
    "ol": {"start"},
}
BLOCKED = "blocked-picture"  # the class of what stands for a picture that was not loaded
PICTURE = re.compile(r"<img\b([^<>]*)>")
ALT = re.compile(r'\salt="([^"]*)"')
UNCLOSED = {
    *("br", "img", "hr", "meta", "input", "link", "base", "col", "wbr", "area", "source", "embed", "param", "track"),
    *("p", "li", "dt", "dd", "option"),  # one ends the one before
}
FORMATTING = {"a", "b", "big", "code", "em", "font", "i", "nobr", "s", "small", "strike", "strong", "tt", "u"}
MOST_OPEN = {True: 40, False: 300}  # of tags that format, which each paragraph opens again, and of others


def clean(html: str, cid: Callable[[str], str], remote: bool) -> Markup:
    """The HTML without all that acts. Addresses of links are http, https and mailto.

    `cid` gives the address of a picture in the mail by its content id, or nothing; `remote` lets other pictures load.
    """
    if len(html) > MOST or _is_too_deep(html):
        return Markup("<pre>{}</pre>").format(to_text(html))

    def attribute(tag: str, name: str, value: str) -> str | None:
        return _picture(value, cid, remote) if (tag, name) == ("img", "src") else value

    safe = nh3.clean(
        html,
        tags=TAGS,
        clean_content_tags={"script", "style", "title", "template", "noscript", "svg", "math", "select", "textarea"},
        attributes=ATTRIBUTES,
        attribute_filter=attribute,
        url_schemes={"http", "https", "mailto", "cid"},
        link_rel="noopener noreferrer nofollow",
    )
    return Markup(PICTURE.sub(_shown, safe))  # noqa: S704 - cleaned above; what is put in comes out of it


def _picture(address: str, cid: Callable[[str], str], remote: bool) -> str | None:
    scheme, _, rest = address.strip().partition(":")
    if scheme.lower() == "cid":
        return cid(unquote(rest)) or None  # RFC 2392, 2
    return address if remote and scheme.lower() in ("http", "https") else None


def _shown(found: re.Match) -> str:
    if ' src="' in found[1]:
        return found[0]
    alt = ALT.search(found[1])
    return f'<span class="{BLOCKED}">[image{f": {alt[1]}" if alt and alt[1].strip() else ""}]</span>'


def _is_too_deep(html: str) -> bool:
    """Whether more tags are open at once than any program leaves open: to sort them out would take long."""
    depth = dict.fromkeys(MOST_OPEN, 0)
    for tag in markup.pieces(html):
        if isinstance(tag, Tag) and tag.name not in UNCLOSED:
            kind = tag.name in FORMATTING
            depth[kind] = max(0, depth[kind] + (-1 if tag.closes else 1))
            if depth[kind] > MOST_OPEN[kind]:
                return True
    return False
