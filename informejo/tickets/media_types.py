"""What kind a file is, by its first bytes: its name and what the browser says of it do not count."""

import codecs
import re

KINDS = {
    "image/png": rb"\x89PNG\r\n\x1a\n",
    "image/jpeg": rb"\xff\xd8\xff",
    "image/gif": rb"GIF8[79]a",
    "image/webp": rb"RIFF....WEBP",
    "application/pdf": rb"%PDF-",
    "application/zip": rb"PK(\x03\x04|\x05\x06)",
}
UNKNOWN = "application/octet-stream"
HEAD = 1024  # bytes that are looked at to tell the kind


def media_type(head: bytes) -> str:
    """The type of a file with these first bytes, of which at most HEAD are looked at."""
    for kind, beginning in KINDS.items():
        if re.match(beginning, head, re.DOTALL):
            return kind
    return "text/plain" if head and _is_text(head) else UNKNOWN


def _is_text(head: bytes) -> bool:
    try:
        return "\0" not in codecs.getincrementaldecoder("utf-8")().decode(head)  # the head may end within a letter
    except UnicodeDecodeError:
        return False
