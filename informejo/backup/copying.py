"""Files copied so that they are there after a power cut, readable by nobody but their owner."""

import hashlib
import os
import shutil
from pathlib import Path


def checksum(path: Path) -> dict:
    """`size` in bytes and `sha256` of a file."""
    with path.open("rb") as file:
        return {"sha256": hashlib.file_digest(file, "sha256").hexdigest(), "size": path.stat().st_size}


def make_folders(folder: Path, top: Path):
    """Make `folder` and what lies between it and `top`, which exists already."""
    for missing in reversed([folder, *folder.parents][: len(folder.relative_to(top).parts)]):
        missing.mkdir(mode=0o700, exist_ok=True)


def create(path: Path):
    """A new file, open for writing bytes; it must not exist."""
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def copy(source: Path, target: Path):
    """Copy to a new file and wait until the disk has it."""
    with source.open("rb") as file, create(target) as new:
        shutil.copyfileobj(file, new)
        new.flush()
        os.fsync(new.fileno())


def link(file: Path, target: Path) -> bool:
    """Give the file another name, which takes no room; False where that cannot be done, and it has to be copied."""
    try:
        target.hardlink_to(file)
    except OSError:  # this disk has no links, or no more of them, or the file is on another one, or gone
        return False
    return True


def link_or_copy(file: Path, target: Path):
    """Give the file another name, or copy it; there must be no such name yet."""
    if not link(file, target):
        copy(file, target)


def sync(path: Path):
    """Wait until the disk has what was written to this file, or which names this folder holds."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def sync_folders(top: Path):
    """Wait until the disk has every name in this folder and in those below it."""
    for folder, _, _ in os.walk(top):
        sync(Path(folder))
