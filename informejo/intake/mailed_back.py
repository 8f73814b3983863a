"""Links to choose a password that a mail brings back, quoted or as a copy: the ledger shows them to all staff."""

import re
from collections.abc import Iterator

from informejo.mime.parsing import Parsed
from informejo.offload import offload

LINK = re.compile(r"/choose-password/([\w-]{20,100})", re.ASCII)
SOFT_BREAK = re.compile(rb"=\r?\n")  # in a copy of our own mail, which is quoted-printable
MOST = 200_000  # bytes of a part that are looked at
READ = ("text/", "message/")


def tokens_in(parsed: Parsed) -> set[str]:
    """What stands at the end of each such link."""
    return offload(lambda: {token for text in _texts(parsed) for token in LINK.findall(text)})


def _texts(parsed: Parsed) -> Iterator[str]:
    yield parsed.text
    yield parsed.html
    for part in parsed.parts:
        if part.media_type.startswith(READ):
            yield SOFT_BREAK.sub(b"", part.content[:MOST]).decode("latin-1")
