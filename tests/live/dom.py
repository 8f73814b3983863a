"""A page as a browser holds it: a tree of elements, and what static/js does to it when a message arrives."""

from collections.abc import Callable, Iterator
from html.parser import HTMLParser

VOID = {"area", "br", "col", "embed", "hr", "img", "input", "link", "meta", "source", "track", "wbr"}


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

        Nor does for whom a form was drawn: pages say it in each, scripts add it to those that come live.
        """
        counting = [part for part in self.content if not (isinstance(part, Element) and part.is_signature)]
        parts = [part.same() if isinstance(part, Element) else " ".join(part.split()) for part in counting]
        return self.tag, tuple(sorted(self.attributes.items())), tuple(part for part in parts if part)

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


class _Reader(HTMLParser):
    def __init__(self):
        super().__init__()
        self.root = Element("", {})
        self.open = [self.root]

    def handle_starttag(self, tag, attributes):
        element = Element(tag, {name: value or "" for name, value in attributes})
        self.open[-1].content.append(element)
        if tag not in VOID:
            self.open.append(element)

    def handle_startendtag(self, tag, attributes):
        self.handle_starttag(tag, attributes)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag):
        assert self.open[-1].tag == tag, f"</{tag}> closes <{self.open[-1].tag}>"
        self.open.pop()

    def handle_data(self, text):
        self.open[-1].content.append(text)


def read(html: str) -> Element:
    """The tree of a page or a fragment. Fails when its tags do not close in order."""
    reader = _Reader()
    reader.feed(html)
    reader.close()
    assert reader.open == [reader.root], f"<{reader.open[-1].tag}> is never closed"
    return reader.root


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
