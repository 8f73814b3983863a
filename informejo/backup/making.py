"""Making backups: database and files into a folder of their own, verified before it gets its name."""

import errno
import json
import os
import platform
import shutil
import sqlite3
import subprocess
from itertools import count
from pathlib import Path
from typing import NamedTuple

from informejo import clock
from informejo.backup import manifest, rescue
from informejo.backup.copying import checksum, copy, create, link, link_or_copy, make_folders, sync, sync_folders
from informejo.backup.exclusive import Taken, exclusive
from informejo.backup.manifest import DATABASE, FILES, MANIFEST, NAME, Backup, Damaged, newest
from informejo.backup.rescue import Saved
from informejo.config import ROOT
from informejo.tickets import storage
from informejo.tickets.storage import place

PARTIAL = ".partial"  # the end of a folder's name while it is filled or emptied


class Source(NamedTuple):
    """What is backed up: an SQLite file, a folder of files, and folders of backups that may have what that has lost."""

    database: Path
    uploads: Path
    backups: tuple[Path, ...]


class BackupFailed(Exception):
    """The message is a sentence. Nothing is left of an attempt that failed."""


def make(database: Path, uploads: Path, into: Path, kept: int, others: Path | None = None) -> Backup:
    """Back up the SQLite file `database` and the files in `uploads`, and keep the `kept` newest in `into`.

    Both may be in use meanwhile. What `uploads` has lost is taken from backups in `into`, and in the folder `others`.
    Raises BackupFailed.
    """
    source = Source(database, uploads, (into, others or into))
    try:
        _require_apart(uploads.resolve(), into.resolve())
        into.mkdir(mode=0o700, parents=True, exist_ok=True)
        with exclusive(uploads, into):
            _remove_partial(into)
            backup = _make(source, into)
            _remove_older(backup, into, kept)
    except Taken as taken:
        raise BackupFailed(str(taken)) from None
    except OSError as error:
        raise BackupFailed(f"No backup was made. {error.strerror}: {error.filename or into}.") from error
    except (sqlite3.Error, Damaged) as error:
        raise BackupFailed(f"No backup was made. {str(error).removesuffix('.')}.") from error
    return backup


def _require_apart(uploads: Path, into: Path):
    if into.is_relative_to(uploads) or uploads.is_relative_to(into):
        raise BackupFailed(f"No backup was made. {into} and {uploads} must not lie within each other.")


def _make(source: Source, into: Path) -> Backup:
    earlier = newest(into)
    try:
        return _attempt(source, into, earlier)
    except Damaged:
        if earlier is None:
            raise
        return _attempt(source, into, None)  # the damage may have come with what was linked


def _attempt(source: Source, into: Path, earlier: Backup | None) -> Backup:
    folder = _free_folder(into)
    partial = folder.with_name(folder.name + PARTIAL)
    try:
        _fill(partial, source, earlier)
        manifest.verify(partial)
        _sync(partial)
        partial.rename(folder)
    except BaseException:
        shutil.rmtree(partial, ignore_errors=True)
        raise
    sync(into)
    return manifest.read(folder)


def _free_folder(into: Path) -> Path:
    name = f"{clock.now():%Y-%m-%dT%H%M%SZ}"
    names = (name if number == 1 else f"{name}-{number}" for number in count(1))
    return next(path for path in map(into.joinpath, names) if not path.exists())


def _fill(partial: Path, source: Source, earlier: Backup | None):
    """The database first: a file goes only after its row, so what the copy names is still there."""
    at = clock.now()
    partial.mkdir(mode=0o700)
    _copy_database(source.database, partial / DATABASE)
    with manifest.reading(partial / DATABASE) as copied:
        named = storage.named(copied)
        contents = manifest.contents(copied)
    absent = storage.compare(source.uploads, named).absent
    # The backup before need not have them, nor be sound.
    rescued = rescue.saved({name: named[name] for name in absent}, *source.backups)
    files = _copy_files(named, source.uploads, partial / FILES, earlier, rescued)
    pages = checksum(partial / DATABASE)
    whole = {
        "at": at.isoformat(timespec="seconds"),
        "made_by": {"revision": _revision(), "python": platform.python_version(), "sqlite": sqlite3.sqlite_version},
        **contents,
        "size": pages["size"] + sum(file["size"] for file in files.values()),
        "database": pages,
        "absent": sorted(absent),  # from UPLOAD_DIR, or not whole there
        "missing": sorted(named.keys() - files.keys()),
        "damaged": sorted(name for name, file in files.items() if file["size"] != named[name]),
        "files": files,
    }
    with create(partial / MANIFEST) as file:
        file.write(json.dumps(whole, indent=1).encode())


def _copy_database(database: Path, into: Path):
    """In one step inside one read transaction, which in WAL mode keeps nobody from writing.

    In several steps SQLite would begin anew after each write of the server, and might never come to an end.
    """
    if not database.is_file():
        raise BackupFailed(f"No backup was made. There is no database at {database}.")
    _require_room(into.parent, database.stat().st_size)
    create(into).close()
    with manifest.reading(database, "rw") as source, manifest.reading(into, "rw") as target:
        source.backup(target)
        target.execute("PRAGMA journal_mode=DELETE")  # one file, that can be opened where nothing can be written


def _copy_files(
    named: dict[str, int], uploads: Path, files: Path, earlier: Backup | None, rescued: dict[str, Saved]
) -> dict[str, dict]:
    """Copy the files that are there, and those that older backups have. `named` maps stored names to bytes.

    A file never changes once it is stored. So those the earlier backup has are linked to it and take no room again: a
    second copy on the same disk would protect from nothing that the first does not.
    """
    known = earlier.files if earlier else {}
    _require_room(files.parent, sum(size for name, size in named.items() if name not in known))
    files.mkdir(mode=0o700)
    copied = {}
    for name in sorted(named):
        file, target = place(uploads, name), place(files, name)
        make_folders(target.parent, files)
        if name in rescued:
            link_or_copy(rescued[name].path, target)
            copied[name] = rescued[name].checksum
        elif name in known and link(place(earlier.folder / FILES, name), target):
            copied[name] = known[name]
        elif file.is_file():
            copy(file, target)
            copied[name] = checksum(file)
    return copied


def _require_room(folder: Path, size: int):
    # Asked before: a disk filled to the brim may be the one the desk itself works on.
    if shutil.disk_usage(folder).free < size:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(folder.parent))


def _sync(partial: Path):
    for path in (partial / DATABASE, partial / MANIFEST):
        sync(path)
    sync_folders(partial)


def _remove_partial(into: Path):
    for path in into.glob(f"*{PARTIAL}"):
        if NAME.fullmatch(path.name.removesuffix(PARTIAL)):
            shutil.rmtree(path)


def _remove_older(backup: Backup, into: Path, kept: int):
    others = [other for other in manifest.all_in(into) if other.name != backup.name]
    try:
        for other in others[max(kept - 1, 0) :]:
            # Under the other name first: a folder emptied half-way must not look like a backup.
            shutil.rmtree(other.folder.rename(other.folder.with_name(other.name + PARTIAL)))
    except OSError as error:
        raise BackupFailed(f"{backup.folder} is sound, but an older backup cannot be removed: {error}.") from error


def _revision() -> str:
    """The commit this checkout stands at; empty where there is no git, as in a container."""
    try:
        asked = ["git", "-C", str(ROOT), "rev-parse", "HEAD"]
        return subprocess.run(asked, capture_output=True, check=False, text=True, timeout=10).stdout.strip()  # noqa: S603
    except (OSError, subprocess.TimeoutExpired):
        return ""
