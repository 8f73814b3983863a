"""Which release this is, and of which build."""

import hashlib
from datetime import UTC, datetime
from pathlib import Path

VERSION = "0.3.0"
MADE_OF = ("informejo/**/*.py", "static/**/*.*", "templates/**/*.html")  # all that pages come from
RELEASED = datetime(2026, 11, 1, tzinfo=UTC)  # a clock that shows an earlier time is wrong


def _build() -> str:
    """A short digest of all that pages are made of: whoever has another one has pages of another release."""
    root = Path(__file__).resolve().parents[1]
    digest = hashlib.sha256(VERSION.encode())
    for path in sorted(path for kind in MADE_OF for path in root.glob(kind)):
        digest.update(path.relative_to(root).as_posix().encode() + b"\0" + path.read_bytes())
    return digest.hexdigest()[:12]


BUILD = _build()
