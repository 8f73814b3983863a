"""A ZIP archive that is sent while it is made: it is never whole in memory, nor on the disk."""

from collections.abc import Iterable, Iterator
from pathlib import Path
from zipfile import ZIP_DEFLATED, ZIP_STORED, ZipFile, ZipInfo

from informejo.offload import offload

PIECE = 262_144  # bytes of a file that are read at once


class _Sink:
    """What the archive is written into, and taken from piece by piece."""

    def __init__(self):
        self._pieces: list[bytes] = []

    def write(self, piece: bytes) -> int:
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self):
        """Nothing waits."""

    def taken(self) -> bytes:
        pieces, self._pieces = self._pieces, []
        return b"".join(pieces)


def zipped(texts: dict[str, bytes], files: Iterable[tuple[str, Path]]) -> Iterator[bytes]:
    """The archive of these texts and files, each under its name. Reading and packing happens beside the event loop.

    A file that is gone meanwhile is left out.
    """
    sink = _Sink()
    with ZipFile(sink, "w", ZIP_DEFLATED) as archive:
        for name, text in texts.items():
            offload(archive.writestr, name, text)
            yield sink.taken()
        for name, path in files:
            if path.is_file():
                yield from _packed(archive, sink, name, path)
    yield sink.taken()


def _packed(archive: ZipFile, sink: _Sink, name: str, path: Path) -> Iterator[bytes]:
    entry = ZipInfo(name)
    entry.compress_type = ZIP_STORED  # pictures and the like are packed already
    with path.open("rb") as file, archive.open(entry, "w", force_zip64=True) as packed:
        while piece := offload(file.read, PIECE):
            packed.write(piece)
            yield sink.taken()
