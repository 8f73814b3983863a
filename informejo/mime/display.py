"""Messages as they are shown: what was newly written, and folded away below it what was quoted, and signatures."""

from functools import lru_cache

from markupsafe import Markup

from informejo import markdown
from informejo.mime import quotes

FOLD = Markup('<details class="quoted">')
OPEN = Markup('<details class="quoted" open>')
MOST_BARE = 8  # lines of a quotation that nothing announces: it may be part of what is said, as an example is


@lru_cache(maxsize=512)
def folded(text: str) -> Markup:
    """A message's Markdown as HTML; the rest of it, as `quotes.split` has it, opens with a click, without a script."""
    said, rest = quotes.split(text)
    if not rest or _is_example(rest):
        return markdown.to_html(text)
    inside = Markup("{}{}<summary>{}</summary>{}</details>")
    return inside.format(markdown.to_html(said), FOLD, quotes.name(rest), markdown.to_html(rest))


def unfolded(html: Markup) -> Markup:
    """The same with all of it open, for paper. No text of people can look like the tag: theirs have no attributes."""
    return html.replace(FOLD, OPEN)


def _is_example(rest: str) -> bool:
    lines = rest.strip().split("\n")
    return len(lines) <= MOST_BARE and all(line.startswith(">") or not line.strip() for line in lines)
