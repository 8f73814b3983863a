"""What waits for a reader who is slow or whose stream is still being opened: each thing once, as it is now."""

from informejo.live import wire
from informejo.live.wire import Frame, Thing

MAX_THINGS = 256  # things and signs, and
MAX_BYTES = 1024 * 1024  # bytes of them that may wait before a reader is let go


class Backlog:
    """Things in the order in which they last changed; a newer state takes the place of the one that waited.

    So what waits grows with how much there is to see, never with how often it changed. Messages with a name, among them
    all that programs are sent, wait as they are, since programs must hear of each event.
    """

    __slots__ = ("_waiting", "size")

    def __init__(self):
        self._waiting: dict[str, tuple[Thing | None, Frame]] = {}  # key -> the thing (None: the frame whole), its frame
        self.size = 0  # bytes, roughly

    def __len__(self) -> int:
        return len(self._waiting)

    def keep(self, frame: Frame) -> bool:
        """Let one more message wait. False when it is too much."""
        if frame.name:
            self._put(frame.things[0].key, None, frame)
        else:
            for thing in frame.things:
                self._put(thing.key, thing, frame)
        return len(self._waiting) <= MAX_THINGS and self.size <= MAX_BYTES

    def forget(self, floor: int) -> int:
        """Drop events up to `floor`, which were replayed. Returns the newest event that is told with the rest."""
        newest = floor
        for key, (thing, frame) in list(self._waiting.items()):
            newest = max(newest, frame.id)
            if 0 < frame.id <= floor:
                self.size -= _size(thing, frame)
                del self._waiting[key]
        return newest

    def next(self) -> bytes:
        """Take off the oldest that can be sent as one chunk: a message with a name, or all things up to the next one.

        Its bookmark is that of the newest event in it. A thing that moved back because it changed again is told with
        the later event, so whoever is cut off in between has it replayed.
        """
        things, bookmark = [], None
        while self._waiting:
            key = next(iter(self._waiting))
            thing, frame = self._waiting[key]
            if thing is None and things:
                break
            del self._waiting[key]
            self.size -= _size(thing, frame)
            if thing is None:
                return frame.chunk
            things.append(thing)
            bookmark = frame.bookmark or bookmark
        return wire.frame(things, bookmark).chunk

    def _put(self, key: str, thing: Thing | None, frame: Frame):
        before = self._waiting.pop(key, None)
        if before is not None:
            self.size -= _size(*before)
        self._waiting[key] = (thing, frame)
        self.size += _size(thing, frame)


def _size(thing: Thing | None, frame: Frame) -> int:
    return len(frame.chunk) if thing is None else len(thing.text.encode("utf-8", "replace"))
