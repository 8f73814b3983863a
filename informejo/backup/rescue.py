"""Attached files that are gone from UPLOAD_DIR: which backup still has them, and bringing them back."""

from collections.abc import Mapping
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from informejo.backup import manifest
from informejo.backup.copying import checksum, copy, make_folders, sync_folders
from informejo.backup.manifest import FILES, NAME
from informejo.tickets.storage import is_whole, place

ARRIVING = ".arriving"  # the end of a file's name until it is whole


class Saved(NamedTuple):
    """A file in a backup, and what its manifest says of it."""

    path: Path
    checksum: dict


def holders(sizes: Mapping[str, int], backups: Path) -> dict[str, str]:
    """By stored name, the newest backup in whose folder a file of these bytes lies. Nothing is read, nothing compared.

    For the doctor, who runs beside people's requests: a manifest of a hundred thousand files would stop them.
    """
    try:
        folders = sorted((path for path in backups.iterdir() if NAME.fullmatch(path.name)), reverse=True)
    except OSError:
        return {}
    found: dict[str, str] = {}
    for folder in folders:
        sought = [name for name in sizes if name not in found]
        found |= {name: folder.name for name in sought if is_whole(place(folder / FILES, name), sizes[name])}
    return found


def saved(sizes: Mapping[str, int], *backups: Path) -> dict[str, Saved]:
    """By stored name, the newest sound copy: it has these bytes, and the checksum that its manifest names.

    The first of these folders with backups goes before the others.
    """
    found: dict[str, Saved] = {}
    for backup in chain.from_iterable(map(manifest.all_in, backups)) if sizes else ():
        for name in sizes.keys() - found.keys():
            known, path = backup.files.get(name), place(backup.folder / FILES, name)
            if known and known["size"] == sizes[name] and is_whole(path, sizes[name]) and checksum(path) == known:
                found[name] = Saved(path, known)
    return found


def bring_back(sizes: Mapping[str, int], backups: Path, uploads: Path) -> int:
    """Copy what backups have of these files into `uploads`, and return how many. It may be run again."""
    found = saved(sizes, backups)
    for name, file in found.items():
        target = place(uploads, name)
        make_folders(target.parent, uploads)
        arriving = target.with_name(name + ARRIVING)
        arriving.unlink(missing_ok=True)
        copy(file.path, arriving)
        arriving.rename(target)
    if found:
        sync_folders(uploads)
    return len(found)
