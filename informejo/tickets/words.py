"""The words of a ticket: status, priority, category, each with the word and the icon people see."""

from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from typing import ClassVar, NamedTuple

from flask import current_app

from informejo.settings.saved import saved


class Word(StrEnum):
    """A fixed value that knows how to say and show itself."""

    def __new__(cls, value: str, word: str, icon: str):
        member = str.__new__(cls, value)
        member._value_ = value
        member.word, member.icon = word, icon
        return member

    @property
    def is_hidden(self) -> bool:
        """Whether it cannot be chosen; categories alone can be hidden."""
        return False


class Status(Word):
    """Where a ticket stands. Any status may follow any other."""

    OPEN = "open", "Open", "circle"
    IN_PROGRESS = "in_progress", "In progress", "loader"
    WAITING = "waiting", "Waiting", "hourglass"
    RESOLVED = "resolved", "Resolved", "circle-check"
    CLOSED = "closed", "Closed", "archive"


class Priority(Word):
    """How urgent it is, from least to most."""

    LOW = "low", "Low", "bars-1"
    MEDIUM = "medium", "Medium", "bars-2"
    HIGH = "high", "High", "bars-3"
    CRITICAL = "critical", "Critical", "bars-4"


class Hold(StrEnum):
    """Why a file is opened by nobody: see `scanning`."""

    UNCHECKED = "unchecked"
    INFECTED = "infected"


class Look(NamedTuple):
    """What a category is called, and its icon."""

    word: str
    icon: str


ADDED = "tag"  # the icon of a category that was added
CATEGORIES = {  # that a desk comes with, by their keys
    "hardware": Look("Hardware", "monitor"),
    "software": Look("Software", "app-window"),
    "network": Look("Network", "wifi"),
    "access": Look("Access", "key-round"),
    "travel": Look("Travel", "plane"),
    "other": Look("Other", "circle-help"),
}
ORDER = "ORDER_OF_CATEGORIES"  # the setting that says in which order they are listed: keys with a space between two
SETTING = "CATEGORY_"  # begins the name of the setting that says what a category is called; its key follows


class _Listed(type):
    """Iterates like an enum, in the order that was set, and at the end the one for the rest."""

    def __iter__(cls) -> Iterator["Category"]:
        *known, last = CATEGORIES
        return map(cls, (*in_order([*known, *added_categories(saved())]), last))

    def __len__(cls) -> int:
        return len(CATEGORIES) + len(added_categories(saved()))

    def __contains__(cls, key) -> bool:
        return key in CATEGORIES or (bool(key) and f"{SETTING}{key}" in saved())


class Category(str, metaclass=_Listed):
    """What it is about, by a key that never changes. What it is called is set in a page, and asked each time."""

    HARDWARE: ClassVar["Category"]
    SOFTWARE: ClassVar["Category"]
    NETWORK: ClassVar["Category"]
    ACCESS: ClassVar["Category"]
    TRAVEL: ClassVar["Category"]
    OTHER: ClassVar["Category"]

    @property
    def value(self) -> str:
        return str(self)

    @property
    def word(self) -> str:
        return _said(self)["word"]

    @property
    def is_hidden(self) -> bool:
        """Whether new tickets cannot have it; those that have it keep it."""
        return _said(self)["hidden"]

    @property
    def icon(self) -> str:
        return CATEGORIES[self].icon if self in CATEGORIES else ADDED


for _key in CATEGORIES:
    setattr(Category, _key.upper(), Category(_key))


def added_categories(values: Mapping[str, object]) -> list[str]:
    """The keys of those that were added, among all that was saved in pages; in the order in which they were."""
    keys = (name.removeprefix(SETTING) for name in values if name.startswith(SETTING))
    return sorted((key for key in keys if key not in CATEGORIES), key=lambda key: int(key[1:]))


def in_order(keys: Sequence[str], order: str | None = None) -> list[str]:
    """These keys in an order that was set, by default the one that holds; those that it does not name come after."""
    set_order = saved().get(ORDER, "") if order is None else order
    places = {key: place for place, key in enumerate(str(set_order).split())}
    return sorted(keys, key=lambda key: places.get(key, len(places)))


def category_by_itself(key: str) -> dict | None:
    """What is said of a category where nobody changed that in a page; None of one that was added there."""
    if key not in CATEGORIES:
        return None
    offered = current_app.config["CATEGORIES"].split()
    offered = CATEGORIES.keys() & offered or CATEGORIES  # a setting that names none there is hides none
    return {"word": CATEGORIES[key].word, "hidden": key not in offered}


def _said(key: str) -> dict:
    return saved().get(f"{SETTING}{key}") or category_by_itself(key) or {"word": key, "hidden": True}


UNSOLVED = (Status.OPEN, Status.IN_PROGRESS, Status.WAITING)
