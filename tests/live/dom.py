"""A page as a browser holds it: a tree of elements, and what static/js does to it when a message arrives."""

import re
from collections.abc import Callable, Iterator
from html import unescape

# A pattern instead of Python's parser, which took a tenth of the time of all tests that look at pages. What lies in
# scripts and styles is no HTML.
TAG = re.compile(
    r"""<!--.*?-->|<!doctype[^>]*>|</([a-z][\w-]*)\s*>|<((script|style)\b|[a-z][\w-]*)
    ((?:\s+[^\s"'<>/=]+(?:=(?:"[^"]*"|'[^']*'|[^\s"'=<>`]+))?)*)\s*(/?)>(?(3)(.*?)(?=</\3))""",
    re.IGNORECASE | re.DOTALL | re.VERBOSE,
)
ATTRIBUTE = re.compile(r"""([^\s"'<>/=]+)(?:=(?:"([^"]*)"|'([^']*)'|([^\s"'=<>`]+)))?""")
VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}
# What stands beside a conversation.
BESIDE = {"opening", "ticket-properties", "ticket-confiding", "ticket-requester", "ticket-actions"}


class Element:
    """A tag, its attributes and what lies in it: elements and texts."""

    def __init__(self, tag: str, attributes: dict[str, str], content: list | None = None):
        self.tag, self.attributes, self.content = tag, attributes, content or []

    def __getitem__(self, name: str) -> str:
        return self.attributes[name]

    @property
    def children(self) -> list["Element"]:
        return [part for part in self.content if isinstance(part, Element)]

    @property
    def is_signature(self) -> bool:
        """Whether this is a field of a form that says for whom it was drawn."""
        return self.attributes.get("name", "").startswith("drawn_for")

    @property
    def sent(self) -> dict[str, list[str]]:
        """What this form sends as it was drawn, of its inputs; not for whom it was, so that anybody can send it."""
        sent: dict[str, list[str]] = {}
        for one in (input for input in self.all("input") if not input.is_signature):
            if one.attributes.get("type") not in ("radio", "checkbox") or "checked" in one.attributes:
                sent.setdefault(one["name"], []).append(one.attributes.get("value", ""))
        return sent

    @property
    def text(self) -> str:
        return " ".join("".join(self._texts()).split())

    def walk(self) -> Iterator["Element"]:
        """This element and all within it, in the order of the document."""
        waiting = [self]
        while waiting:
            element = waiting.pop()
            yield element
            waiting += [part for part in reversed(element.content) if isinstance(part, Element)]

    def find(self, id: str) -> "Element | None":
        if self.attributes.get("id") == id:
            return self
        for part in self.content:
            found = part.find(id) if isinstance(part, Element) else None
            if found is not None:
                return found
        return None

    def all(self, tag: str, **attributes: str) -> list["Element"]:
        """Those with that tag and those attributes; `class_name` is one of its classes."""
        wanted = attributes.pop("class_name", None)
        return [
            element
            for element in self.walk()
            if element.tag == tag
            and attributes.items() <= element.attributes.items()
            and (wanted is None or wanted in element.attributes.get("class", "").split())
        ]

    def same(self) -> tuple:
        """What two elements must have in common to look and act the same: white space between words does not count.

        Nor does for whom a form was drawn: pages say it in each, scripts add it to those that come live. Nor by which
        event what stands beside a conversation was drawn: what is only said changes nothing in it.
        """
        beside = self.attributes.get("id") in BESIDE
        attributes = {name: value for name, value in self.attributes.items() if not (beside and name == "data-last")}
        counting = [part for part in self.content if not (isinstance(part, Element) and part.is_signature)]
        parts = [part.same() if isinstance(part, Element) else " ".join(part.split()) for part in counting]
        return self.tag, tuple(sorted(attributes.items())), tuple(part for part in parts if part)

    def copy(self) -> "Element":
        """Another tree that looks the same."""
        content = [part.copy() if isinstance(part, Element) else part for part in self.content]
        return Element(self.tag, dict(self.attributes), content)

    def place(self, thing: "Element"):
        """What `place` in static/js/swaps.js does: replace the thing of that id, and keep the list in order."""
        self.content = [part for part in self.children if part.attributes.get("id") != thing["id"]] + [thing]
        self.content.sort(key=lambda part: int(part.attributes.get("data-order", 0)))  # toasts have none

    def replace(self, id: str, thing: "Element"):
        """Put `thing` where the element with that id was; nothing happens when there is none."""
        for element in self.walk():
            for place, part in enumerate(element.content):
                if isinstance(part, Element) and part.attributes.get("id") == id:
                    element.content[place] = thing

    def remove(self, matches: Callable[["Element"], bool]):
        """Take away every element within this one that matches."""
        self.content = [part for part in self.content if not (isinstance(part, Element) and matches(part))]
        for child in self.children:
            child.remove(matches)

    def _texts(self) -> Iterator[str]:
        for part in self.content:
            if isinstance(part, Element):
                yield from part._texts()
            else:
                yield part


def read(html: str) -> Element:
    """The tree of a page or a fragment. Fails when its tags do not close in order, or when a `<` begins none."""
    root, place = Element("", {}), 0
    open = [root]
    for tag in TAG.finditer(html):
        _read_text(html[place : tag.start()], open[-1])
        ends, begins, _, attributes, closes, raw = tag.groups()
        if ends:
            assert open[-1].tag == ends.lower(), f"</{ends}> closes <{open[-1].tag}>"
            open.pop()
        elif begins:
            element = Element(begins.lower(), _attributes(attributes), [raw] if raw else [])
            open[-1].content.append(element)
            if not closes and element.tag not in VOID:
                open.append(element)
        place = tag.end()
    _read_text(html[place:], open[-1])
    assert open == [root], f"<{open[-1].tag}> is never closed"
    return root


def _read_text(text: str, element: Element):
    if text:
        assert "<" not in text, text
        element.content.append(unescape(text))


def _attributes(written: str) -> dict[str, str]:
    found = ATTRIBUTE.findall(written) if written else ()
    return {name.lower(): unescape(double or single or bare) for name, double, single, bare in found}


def receive(page: Element, message: str):
    """Apply one message of the live stream to the page."""
    for part in read(message).children:
        assert part.tag == "hx-partial"
        target = page.find(part["hx-target"].removeprefix("#"))
        if part["hx-swap"] == "place" and target:
            for thing in part.children:
                target.place(thing)
        elif part["hx-swap"] == "outerMorph" and target:
            page.replace(target["id"], *part.children)
        elif part["hx-swap"] == "innerHTML" and target:
            target.content = part.content
