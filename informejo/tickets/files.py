"""Files on disk: kept under random names, their type found in their bytes, removed when no row names them."""

import errno
import filecmp
import os
import secrets
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import datetime
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from flask import current_app
from sqlalchemy import bindparam, select, text
from werkzeug.datastructures import FileStorage

from informejo import db
from informejo.accounts.models import User
from informejo.clamd import Unchecked
from informejo.offload import offload
from informejo.text import file_size, shown_file_name
from informejo.tickets import scanning, storage
from informejo.tickets.media_types import HEAD, media_type
from informejo.tickets.models import Attachment, Comment, Ticket
from informejo.tickets.quotas import TICKET_FULL, Room, room_for
from informejo.tickets.storage import place
from informejo.tickets.words import Hold

CHUNK = 256 * 1024  # bytes between two pauses; a whole file at once would keep everybody else waiting
NO_SPACE = (errno.ENOSPC, errno.EDQUOT)
_NAMED = text(storage.naming())
_SIZES = select(Attachment.stored_name, Attachment.size).where(Attachment.ticket_id == bindparam("ticket"))
AWAY = (
    "UPLOAD_DIR is empty or not there, though the desk has files: its disk is not mounted, or UPLOAD_DIR names another"
    " folder. Until that is mended no file can be opened, and none is taken."
)


class FileRefused(Exception):
    """A file cannot be taken; the message is a sentence for the person who sent it."""

    status = 422
    headers: dict[str, str] = {}


class TooMuch(FileRefused):
    """It is too large, or they are too many; the same later, or less of it now, can fit."""

    status = 413


class NoRoom(FileRefused):
    """The disk is full, here or where files wait while they arrive."""

    status = 507
    headers = {"Retry-After": "60"}

    def __init__(self):
        super().__init__("There is no room for files just now. Send it without, or try again later.")


class NoPlace(FileRefused):
    """The disk for files is not there, or does not take any."""

    status = 507
    headers = {"Retry-After": "60"}

    def __init__(self):
        super().__init__("The desk cannot take files just now. Send it without, or try again later.")


class Kept(NamedTuple):
    """A file that lies on disk and has no row yet. The names are those of Attachment's columns."""

    token: str
    name: str
    media_type: str
    size: int  # bytes
    stored_name: str
    hold: Hold | None = None  # why nobody may open it


@contextmanager
def kept(
    files: Sequence[FileStorage],
    sender: User | None,
    ticket: Ticket | None = None,
    internal: bool = False,
    again: Comment | None = None,
) -> Iterator[list[Kept]]:
    """Keep the files while the block makes rows for them and commits; one that has no row afterwards is removed.

    `sender` is whose quota they take from; of visitors None, see `quotas`.
    `ticket` is the one they are added to, None for a new one. `internal` files have a quota of their own, or requesters
    could tell from theirs that there are some. Those of a message that is sent `again` take no room twice, if it has
    the very same: else it is another message. Raises FileRefused before the block begins.
    """
    room, there = _room(files, sender, ticket, internal, False), again.attachments if again else []
    with _until_rows(keep(files, room.left + sum(file.size for file in there), room.full)) as found:
        if not are_there(found, there):
            _require_room(found, room)
        yield found


@contextmanager
def kept_if_they_fit(
    files: Sequence[FileStorage], sender: User | None, ticket: Ticket | None = None, internal: bool = False
) -> Iterator[tuple[list[Kept], list[str]]]:
    """The same for files that nobody can be asked about: each by itself, and for each that is refused a sentence.

    Raises NoRoom, NoPlace.
    """
    found, refused = [], []
    room = _room(files, sender, ticket, internal, bool(sender and sender.is_unproven))
    for file in files:
        try:
            found += keep([file], room.left - sum(earlier.size for earlier in found), room.full)
        except (NoRoom, NoPlace):
            _remove_all(found)
            raise
        except FileRefused as sentence:
            refused.append(str(sentence))
    with _until_rows(found):
        yield found, refused


def keep(files: Sequence[FileStorage], room: int, full: str = TICKET_FULL) -> list[Kept]:
    """Copy all files to disk, together at most `room` bytes, or none of them. Raises FileRefused."""
    files = [file for file in files if file.filename]  # a form without a file sends one without a name
    most = current_app.config["MAX_FILES"]
    if len(files) > most:
        raise TooMuch(f"One message can carry {most} files at most; these are {len(files)}.")
    if files and is_away():
        current_app.logger.error("a file was refused: %s", AWAY)
        raise NoPlace
    found: list[Kept] = []
    try:
        for file in files:
            found.append(_keep(file, Room(room - sum(earlier.size for earlier in found), full)))
    except BaseException:
        _remove_all(found)
        raise
    return found


def write(content: bytes) -> str:
    """Write a new file of these bytes, which no row names yet, and return the name it has on disk.

    Raises NoRoom, NoPlace.
    """
    if is_away():
        raise NoPlace
    stored_name = secrets.token_hex(16)
    _arrive(FileStorage(BytesIO(content)), stored_name)
    return stored_name


def read(stored_name: str) -> bytes:
    """All bytes of a file. Raises OSError."""
    return offload(_path(stored_name).read_bytes)


def path_to(stored_name: str) -> Path:
    """Where that file lies."""
    return _path(stored_name)


def remove(stored_name: str):
    """Remove a file from disk; it may be gone already."""
    _path(stored_name).unlink(missing_ok=True)


def are_there(files: Iterable[Kept], attachments: Iterable[Attachment]) -> bool:
    """Whether each of the files is there already: the same name and, on disk, the same bytes."""
    there = list(attachments)
    for file in files:
        twin = next((one for one in there if _is_same(one, file)), None)
        if twin is None:
            return False
        there.remove(twin)
    return True


def is_away() -> bool:
    """Whether the disk for files seems not to be mounted: nothing lies in UPLOAD_DIR, and there are rows.

    What is written into an empty mount point is hidden as soon as the disk is there again.
    """
    return storage.is_bare(_folder()) and db.session.execute(_NAMED).first() is not None


def is_lost(attachment: Attachment) -> bool:
    """Whether its file is not on disk, or not whole."""
    return not storage.is_whole(path_of(attachment), attachment.size)


def sizes_of(ticket: Ticket) -> tuple[tuple[str, int], ...]:
    """All files of a ticket and its messages: the name under which each lies on disk, and its bytes."""
    return tuple((name, size) for name, size in db.rows(_SIZES, ticket=ticket.id))


def lost(sizes: Iterable[tuple[str, int]]) -> tuple[str, ...]:
    """Of these, the names of those that are not on disk, or not whole."""
    return tuple(name for name, size in sizes if not storage.is_whole(_path(name), size))


def lost_among(attachments: Iterable[Attachment]) -> tuple[str, ...]:
    """The tokens of those that are lost."""
    return tuple(attachment.token for attachment in attachments if is_lost(attachment))


def path_of(attachment: Attachment) -> Path:
    """Where the file of that row lies."""
    return _path(attachment.stored_name)


def remove_strays(before: datetime) -> int:
    """Remove files older than `before` that no row names, and return how many.

    They are what a crash between copying and committing leaves, and what tickets leave that are gone for good.
    """
    found = strays(before)
    for path in found:
        path.unlink(missing_ok=True)
    return len(found)


def strays(before: datetime) -> list[Path]:
    """Files older than `before` that no row names."""
    files = [path for path in _folder().glob("*/*/*") if _is_older(path, before)]
    rows = set(db.session.scalars(_NAMED))
    return [path for path in files if path.name not in rows]


def _is_older(path: Path, than: datetime) -> bool:
    try:
        return path.stat().st_mtime < than.timestamp()
    except FileNotFoundError:  # the server has just removed it
        return False


def _is_same(attachment: Attachment, file: Kept) -> bool:
    if (attachment.name, attachment.size) != (file.name, file.size):
        return False
    with suppress(OSError):  # the one that was there is lost
        return offload(filecmp.cmp, path_of(attachment), _path(file.stored_name), False)
    return False


def _room(files: Sequence, sender: User | None, ticket: Ticket | None, internal: bool, new_unverified: bool) -> Room:
    """What is left for those files, `new_unverified` if nobody has shown whose the new ticket is that they open."""
    unverified = ticket.unverified if ticket else new_unverified
    return room_for(sender, ticket, internal, unverified) if files else Room(0, "")


def _require_room(found: Iterable[Kept], room: Room):
    left = room.left
    for file in found:
        left -= file.size
        if left < 0:
            raise TooMuch(room.full.replace("{name}", file.name))


@contextmanager
def _until_rows(found: list[Kept]) -> Iterator[list[Kept]]:
    try:
        yield found
    except BaseException:
        db.session.rollback()  # a row that is not committed by now must not count
        raise
    finally:
        if found:  # after a success too: a form that is sent twice makes no rows the second time
            _remove_rowless(found)


def _remove_all(found: list[Kept]):
    for file in found:
        remove(file.stored_name)


def _remove_rowless(found: list[Kept]):
    names = [file.stored_name for file in found]
    rows = set(db.session.scalars(select(Attachment.stored_name).where(Attachment.stored_name.in_(names))))
    for name in names:
        if name not in rows:
            remove(name)


def _keep(file: FileStorage, room: Room) -> Kept:
    name, stored_name = shown_file_name(file.filename), secrets.token_hex(16)
    head, size = _arrive(file, stored_name, _limits(name, room))
    try:
        hold = _scanned(name, _path(stored_name))
    except BaseException:
        remove(stored_name)
        raise
    return Kept(secrets.token_urlsafe(16), name, media_type(head), size, stored_name, hold)


def _scanned(name: str, path: Path) -> Hold | None:
    """Why nobody may open the file yet. Raises FileRefused for one that is not kept at all."""
    try:
        found = scanning.found_in(scanning.of_file(path))
    except Unchecked:
        return Hold.UNCHECKED
    if found:
        raise FileRefused(f"“{name}” was not taken: the virus scanner found {found[:100]} in it.")
    return None


def _arrive(file: FileStorage, stored_name: str, limits: Sequence[tuple[int, str]] = ()) -> tuple[bytes, int]:
    """`_copy` to its place on disk; nothing is left there of a file that is not taken."""
    try:
        return _copy(file, _path(stored_name), limits)
    except BaseException as error:
        with suppress(OSError):
            remove(stored_name)
        if not isinstance(error, OSError):
            raise
        if error.errno in NO_SPACE:
            raise NoRoom from error
        current_app.logger.exception("a file could not be written to UPLOAD_DIR")
        raise NoPlace from error


def _limits(name: str, room: Room) -> tuple[tuple[int, str], ...]:
    largest = current_app.config["MAX_FILE_SIZE"]
    too_large = f"“{name}” is too large: a file can have {file_size(largest)} at most."
    return (largest, too_large), (room.left, room.full.replace("{name}", name))


def _copy(file: FileStorage, path: Path, limits: Sequence[tuple[int, str]]) -> tuple[bytes, int]:
    """Copy until the end or the first limit that is passed; return the first bytes and how many there are in all."""
    head, size = b"", 0
    with _create(path) as copy:
        while chunk := file.stream.read(CHUNK):
            head, size = head or chunk[:HEAD], size + len(chunk)
            for most, sentence in limits:
                if size > most:
                    raise TooMuch(sentence)
            copy.write(chunk)
            time.sleep(0)  # lets other requests run
        copy.flush()
        offload(os.fsync, copy.fileno())
    offload(_sync_folders, path)
    return head, size


def _sync_folders(path: Path):
    # A row that is committed outlives a power cut; its file must too, and so must the entries that lead to it.
    for folder in path.parents[:3]:
        descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)


def _create(path: Path):
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")


def _path(stored_name: str) -> Path:
    return place(_folder(), stored_name)


def _folder() -> Path:
    return Path(current_app.config["UPLOAD_DIR"]).absolute()
