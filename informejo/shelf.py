"""What was made once and is used again: drawings, lists, numbers, each under a key that says all it depends on.

Nothing in the desk ever tells it to forget. A key holds ids of the log, which says exactly when something changed, or
it holds all values that were drawn: so what lies under a key is right for ever, and what nobody asks for makes room.
Whoever makes a key puts the audience into it, and reads the ids in it *before* making what it names.
"""

import sys
import threading
from collections import OrderedDict
from collections.abc import Callable, Collection, Hashable, Mapping
from typing import TypeVar

from informejo import metrics

MOST_BYTES = 32 * 1024 * 1024  # of one process: the drawings of some 500 tickets with 50 messages each
ONE_MOST = MOST_BYTES // 8  # what is larger is made each time: it would push out everything else
ENTRY_BYTES = 400  # of an entry itself, beside its key and value

Value = TypeVar("Value")


class Shelf:
    """Values by key, the least recently used of them given up where they would take more than `most` bytes."""

    def __init__(self, most: int = MOST_BYTES):
        self.most = most
        self.bytes = 0
        self._values: OrderedDict[Hashable, tuple[object, int]] = OrderedDict()
        self._making: dict[Hashable, threading.Lock] = {}

    def __len__(self) -> int:
        return len(self._values)

    def one(self, key: Hashable, make: Callable[[], Value], still: Callable[[], bool] = lambda: True) -> Value:
        """The value under that key; `make` is called when there is none. Who asks meanwhile waits for the same one.

        What is in no event may change while it is made: it is kept if the key is `still` right afterwards.
        """
        if key in self._values:
            return self._used(key)
        with self._making.setdefault(key, threading.Lock()):
            try:
                return self._used(key) if key in self._values else self._keep(key, make(), still)
            finally:
                self._making.pop(key, None)

    def several(
        self, keys: Mapping[int, Hashable], make: Callable[[Collection[int]], Mapping[int, Value]]
    ) -> dict[int, Value]:
        """The values of several things by id; `make` is called once, with the ids of all that there is no value of."""
        found = {id: self._used(key) for id, key in keys.items() if key in self._values}
        if absent := [id for id in keys if id not in found]:
            made = make(absent)
            found |= {id: self._keep(keys[id], value) for id, value in made.items()}
        return found

    def forget(self):
        """Begin anew; for tests, each of which has another log."""
        self._values.clear()
        self.bytes = 0

    def _used(self, key: Hashable):
        self._values.move_to_end(key)
        metrics.shelf_used.inc()
        return self._values[key][0]

    def _keep(self, key: Hashable, value, still: Callable[[], bool] = lambda: True):
        metrics.shelf_made.inc()
        if not still():
            return value
        size = ENTRY_BYTES + size_of(key) + size_of(value)
        if size <= min(self.most, ONE_MOST):
            self.bytes += size - self._values.pop(key, (None, 0))[1]
            self._values[key] = value, size
        while self.bytes > self.most:
            self.bytes -= self._values.popitem(last=False)[1][1]
        return value


def size_of(value) -> int:
    """Bytes of the value and of what it holds, roughly: what is shared with others counts each time."""
    parts = value if isinstance(value, (tuple, list, frozenset)) else ()
    parts = (*value.keys(), *value.values()) if isinstance(value, dict) else parts
    return sys.getsizeof(value) + sum(map(size_of, parts))


shelf = Shelf()
metrics.shelf_things.set_function(lambda: len(shelf))
metrics.shelf_bytes.set_function(lambda: shelf.bytes)
metrics.shelf_bytes_limit.set_function(lambda: shelf.most)
