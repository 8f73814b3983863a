"""Sending what strangers sent us: to be saved, pictures also within a page, and nothing as a page of its own."""

from io import BytesIO
from pathlib import Path
from urllib.parse import quote

from flask import Response, send_file

from informejo.text import plain_file_name

# It must not become a page of this site: no scripts, no guessing of kinds, no copies on shared disks.
HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "private, no-store",
}


def sent(content: Path | bytes, media_type: str, name: str, as_attachment: bool = True) -> Response:
    """A file, or bytes, under the name that people see (RFC 6266)."""
    response = send_file(BytesIO(content) if isinstance(content, bytes) else content, media_type)
    names = f"filename=\"{plain_file_name(name)}\"; filename*=UTF-8''{quote(name, safe='')}"
    response.headers["Content-Disposition"] = f"{'attachment' if as_attachment else 'inline'}; {names}"
    response.headers.update(HEADERS)
    return response
