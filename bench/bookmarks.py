"""Which events a stream brought: its bookmarks are sealed, and only who knows the desk's epoch can read them."""

import re

from informejo.live.bookmark import read

EPOCH = "bench"  # of every desk that is measured
# The bookmarks of greetings and beats say how far the log was shown, and bring no event.
_IDS = re.compile(rb"(?:^|\n)id: ([\w-]+)\n(?!event: (?:ready|beat)\n)")


def ids(heard: bytes) -> list[int]:
    """The ids of the events in it, in the order in which they came."""
    return [id_of(sealed) for sealed in _IDS.findall(heard)]


def id_of(sealed: bytes) -> int:
    """The event behind a bookmark; 0 for none."""
    bookmark = read(sealed.decode("ascii", "replace"), EPOCH)
    return bookmark.id if bookmark else 0
