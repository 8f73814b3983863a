"""The files people attach in the demonstration: texts lie in `files/`, pictures and documents are made here."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

from werkzeug.datastructures import FileStorage

FILES = Path(__file__).parent / "files"
WIDTH, HEIGHT = 480, 270  # pixels of a picture

# A picture is vertical bands of colour, a document one line of text.
PICTURES = {
    "projector.png": ("2d0a4e", "3f1469", "521f85", "6a35a0", "8351b8", "9f74cc", "bd9de0", "dcc9f2"),
    "stripes.png": ("e63946", "f4f1de", "2a9d8f", "1d3557", "e9c46a", "f4f1de", "e63946", "1d3557") * 5,
    "desk-power.png": ("e8e4da", "e8e4da", "d9d3c4", "3a3a3a", "3a3a3a", "d9d3c4", "e8e4da", "e8e4da"),
    "mystery-cable.png": ("c9c5b9", "c9c5b9", "c9c5b9", "7d7f85", "9a9ca3", "7d7f85", "c9c5b9", "c9c5b9"),
}
DOCUMENTS = {
    "catalogue-ar.pdf": "Meridian Atlas: catalogue, Arabic edition, pages 1 to 3 (export with the fault)",
    "guest-wifi.pdf": "Wi-Fi: Meridian Guests. Code: seven-seas-one-globe",
}


def file(name: str) -> FileStorage:
    """The file of that name, as a form would have sent it."""
    return FileStorage(BytesIO(_content(name)), filename=name)


def _content(name: str) -> bytes:
    if name in PICTURES:
        return _png([bytes.fromhex(colour) for colour in PICTURES[name]])
    if name in DOCUMENTS:
        return _pdf(DOCUMENTS[name])
    return (FILES / name).read_bytes()


def _png(bands: list[bytes]) -> bytes:
    """See the PNG specification (W3C, third edition), sections 5 and 11.2."""
    row = b"\0" + b"".join(bands[x * len(bands) // WIDTH] for x in range(WIDTH))
    header = struct.pack(">2I5B", WIDTH, HEIGHT, 8, 2, 0, 0, 0)  # eight bits each of red, green and blue
    chunks = (b"IHDR", header), (b"IDAT", zlib.compress(row * HEIGHT)), (b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(kind, body) for kind, body in chunks)


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _pdf(line: str) -> bytes:
    """See ISO 32000-1, 7.5: objects, then a table of where each begins."""
    drawing = f"BT /F1 12 Tf 60 760 Td ({line.replace('(', '[').replace(')', ']')}) Tj ET"
    objects = (
        "<</Type/Catalog/Pages 2 0 R>>",
        "<</Type/Pages/Kids[3 0 R]/Count 1>>",
        "<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        f"<</Length {len(drawing)}>>stream\n{drawing}\nendstream",
        "<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    )
    text, places = "%PDF-1.4\n", ""
    for number, body in enumerate(objects, 1):
        places += f"{len(text):010} 00000 n \n"
        text += f"{number} 0 obj{body}endobj\n"
    table = f"xref\n0 {len(objects) + 1}\n0000000000 65535 f \n{places}"
    end = f"trailer<</Size {len(objects) + 1}/Root 1 0 R>>\nstartxref\n{len(text)}\n%%EOF\n"
    return (text + table + end).encode("ascii")
