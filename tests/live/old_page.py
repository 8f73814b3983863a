"""A page as an open browser holds it, without a browser: what static/js makes of the messages it is sent.

`tests/browser/test_law.py` holds this model against the real scripts.
"""

from informejo.live.hub import hub
from tests.live import dom
from tests.live.dom import Element
from tests.live.sse import parse

BOXED = ("row", "card")


class OldPage:
    """The page behind an address, opened by somebody and left open while things happen."""

    def __init__(self, browser: "Reader", address: str, tree: Element):
        self.browser, self.address, self.tree = browser, address, tree
        self.me = next(iter(tree.all("html")))["data-me"]
        self.stream, self._heard = browser.listen(tree.find("stream")["hx-sse:connect"]), 0

    @property
    def is_behind(self) -> bool:
        """Whether the stream has brought what is not applied yet."""
        return len(self.stream.said()) > self._heard

    def catch_up(self):
        """Apply what the stream has brought meanwhile; what it nudges reads itself again once, at the end."""
        names, said = set(), self.stream.said()
        while self._heard < len(said):
            names |= self._take(said[self._heard])
            self._heard += 1
        self._read_again(names)

    def _take(self, chunk: bytes) -> set[str]:
        names = set()
        for message in parse(chunk):
            if message.event == "reset":
                names |= {"reset"}
            elif not message.event:
                names |= self._receive(dom.read(message.data))
        return names

    def _receive(self, fragment: Element) -> set[str]:
        names = set()
        for part in fragment.children:
            assert part.tag == "hx-partial", part.tag
            if part["hx-swap"] == "nudge":
                names |= set(part.text.split())
            else:
                self._swap(part["hx-target"], part["hx-swap"], part)
        return names

    def _swap(self, target: str, style: str, part: Element):
        if style == "lose":
            return [self._lose(word) for word in part.children]
        found = self.tree.find(target.removeprefix("#"))
        if found is None or any(self._is_late(thing) for thing in part.children):
            return None
        if style == "place":
            return [self._place(found, thing) for thing in part.children]
        if style == "outerMorph":
            return self.tree.replace(found["id"], *part.children)
        assert style == "innerHTML", style
        found.content = part.content
        return None

    def _is_late(self, thing: Element) -> bool:
        present = self.tree.find(thing.attributes.get("id", ""))
        return present is not None and _age(thing) < _age(present)

    def _place(self, list: Element, thing: Element):
        present = self.tree.find(thing["id"])
        if present is not None:
            self._update(list, present, thing)
        elif thing["id"].partition("-")[0] not in BOXED:
            _insert(list, thing)
        elif "data-grow" in list.attributes:
            _insert(list, _box(thing))
        self._mark_unread(thing["id"])

    def _update(self, list: Element, present: Element, thing: Element):
        self.tree.replace(present["id"], thing)
        if thing.attributes.get("data-order") != present.attributes.get("data-order"):
            list.content.remove(thing)
            _insert(list, thing)

    def _mark_unread(self, id: str):
        for item in self.tree.all("li"):
            placed = item.find(id) if "data-seen" in item.attributes else None
            if placed is None:
                continue
            mine = placed["data-last-author"] == self.me
            unread = not mine and int(placed["data-last"]) > int(item["data-seen"])
            item.attributes.pop("class", None)
            item.attributes.update({"class": "unread"} if unread else {})

    def _lose(self, word: Element):
        number = word["data-number"]
        self.tree.remove(lambda one: one.attributes.get("id") == f"place-{number}")
        self.tree.replace(f"ticket-{number}", word)

    def _read_again(self, names: set[str]):
        if not names:
            return
        if names & {"reset", "people-changed"}:
            fresh = self.browser.read(self.address)
            for id in ("main", "topbar"):
                self.tree.replace(id, fresh.find(id))
            names |= {"desk-changed", "unread-changed"}
        heard = {f"{name} from:body" for name in names}
        for element in [*self.tree.walk()]:
            trigger = element.attributes.get("hx-trigger")
            if trigger and any(name in trigger for name in heard):
                self._read(element)

    def _read(self, element: Element):
        content = self.browser.read(element["hx-get"], HX_Request="true")
        self._receive(Element("", {}, [part for part in content.children if part.tag == "hx-partial"]))
        content.content = [part for part in content.content if getattr(part, "tag", "") != "hx-partial"]
        if selected := element.attributes.get("hx-select"):
            content = Element("", {}, [content.find(selected.removeprefix("#"))])
        style = element.attributes.get("hx-swap", "innerHTML")
        if style == "outerMorph":
            self.tree.replace(element["id"], *content.children)
        elif style == "innerHTML":
            element.content = content.content


class AbsentPage(OldPage):
    """One that was cut off all the while: when it is back, all that it missed is told it at once."""

    def __init__(self, browser: "Reader", address: str, tree: Element):
        self.browser, self.address, self.tree = browser, address, tree
        self.me = next(iter(tree.all("html")))["data-me"]

    def catch_up(self):
        self._read_again(self._take(self.browser.missed(self.tree.find("stream")["hx-sse:connect"])))


class Reader:
    """A browser whose pages all ask for the same: while nothing happens, each answer is as good as it was.

    They were all drawn at one moment, so those about the same listen on one connection, and miss the same.
    """

    def __init__(self, browser):
        self.browser, self._answers, self._streams = browser, {}, {}

    def forget(self):
        """Something happened."""
        self._answers.clear()

    def read(self, address: str, **headers: str) -> Element:
        """What the address says now, a page or a fragment for htmx, to be put into a page."""
        return self.look_at(address, **headers).copy()

    def look_at(self, address: str, **headers: str) -> Element:
        """The same for whoever changes nothing in it."""
        key = (address, *headers)
        if key not in self._answers:
            answer = self.browser.get(address, headers={name.replace("_", "-"): headers[name] for name in headers})
            assert answer.status_code in (200, 404), address  # what is taken away may not be there any more
            self._answers[key] = dom.read(answer.text)
        return self._answers[key]

    def listen(self, address: str) -> "Stream":
        """What a page with that address of its stream hears from now on."""
        about = _about(address)
        if about not in self._streams:
            self._streams[about] = Stream(self.browser, address)
        return self._streams[about]

    def missed(self, address: str) -> bytes:
        """What a page with that address of its stream is told that comes back now."""
        key = f"{_about(address)}&once=1"
        if key not in self._answers:
            answer = self.browser.get(f"{address}&once=1")
            assert answer.status_code == 200, answer.text
            self._answers[key] = answer.data
        return self._answers[key]


class Stream:
    """An open connection; `subscription` is its server's end."""

    def __init__(self, browser, address: str):
        before = set(hub.subscriptions())
        response = browser.get(address, buffered=False)
        assert response.status_code == 200, response.data
        self._chunks, self._said = iter(response.response), []
        greeting = parse(next(self._chunks))
        assert [message.event for message in greeting] == ["ready"], greeting
        (self.subscription,) = set(hub.subscriptions()) - before

    def said(self) -> list[bytes]:
        """All it has brought so far."""
        while self.subscription.waiting:
            self._said.append(next(self._chunks))
        return self._said


def _about(address: str) -> str:
    """The stream's address without its last part, the sealed word for the moment at which the page was drawn."""
    about, since, _ = address.partition("&since=")
    assert since, address
    return about


def _box(thing: Element) -> Element:
    order = thing.attributes.get("data-order", thing["data-last"])
    number = thing["id"].partition("-")[2]
    return Element("li", {"id": f"place-{number}", "data-order": order, "data-seen": "0"}, [thing])


def _age(thing: Element) -> int:
    return int(thing.attributes.get("data-last") or thing.attributes.get("data-version", 0))


def _insert(list: Element, item: Element):
    direction = -1 if "data-grow" in list.attributes else 1
    order = int(item.attributes.get("data-order", 0))
    for place, other in enumerate(list.content):
        if isinstance(other, Element) and direction * (int(other.attributes.get("data-order", 0)) - order) > 0:
            return list.content.insert(place, item)
    return list.content.append(item)
