"""Backup, restore and prune of one desk never run at the same time."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path


class Taken(Exception):
    """Another of them is at work; the message is a sentence."""


@contextmanager
def exclusive(*folders: Path) -> Iterator[None]:
    """Have these folders to oneself inside the block. Raises Taken at once instead of waiting.

    A folder that is not there is passed over. The lock is the kernel's and on the folder itself: it ends with the
    process, however that ends, and leaves nothing.
    """
    with ExitStack() as held:
        for folder in dict.fromkeys(path.resolve() for path in folders):
            try:
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
            except FileNotFoundError:
                continue
            held.callback(os.close, descriptor)
            try:
                fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise Taken(
                    f"Another backup, restore or prune is at work in {folder}. Try again when it is done."
                ) from None
        yield
