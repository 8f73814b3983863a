"""What stands in the database when nobody is looking: rows, and whether they are sound."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path


def unsound(folder: Path) -> str:
    """What SQLite finds wrong with the database there, empty when nothing is."""
    with closing(sqlite3.connect(folder / "bench.db", timeout=10)) as database:
        (words,) = database.execute("PRAGMA integrity_check").fetchone()
        orphans = database.execute("PRAGMA foreign_key_check").fetchall()
    return ("" if words == "ok" else words) + (str(orphans) if orphans else "")


def keys(folder: Path) -> dict[str, list[str]]:
    """The once-only keys of all tickets and comments; the comments with a whole file, as `file`."""
    with closing(sqlite3.connect(folder / "bench.db", timeout=10)) as database:
        tickets = [key for (key,) in database.execute("SELECT key FROM tickets WHERE key IS NOT NULL")]
        comments = [key for (key,) in database.execute("SELECT key FROM comments WHERE key IS NOT NULL")]
        files = "SELECT c.key, a.stored_name, a.size FROM attachments a JOIN comments c ON c.id = a.comment_id"
        whole = [key for key, name, size in database.execute(files) if _is_whole(folder / "files", key, name, size)]
    return {"ticket": tickets, "comment": comments, "file": whole}


def created_more_or_less_than_once(folder: Path) -> int:
    """How many tickets do not have exactly one event that tells of their creation."""
    with closing(sqlite3.connect(folder / "bench.db", timeout=10)) as database:
        ids = Counter({id: 0 for (id,) in database.execute("SELECT id FROM tickets")})
        ids.update(id for (id,) in database.execute("SELECT ticket_id FROM events WHERE name = 'ticket:created'"))
    return sum(times != 1 for times in ids.values())


def _is_whole(folder: Path, key: str, name: str, size: int) -> bool:
    content = (folder / name[:2] / name[2:4] / name).read_bytes()
    return len(content) == size and content.startswith(key.encode())
