"""Files that arrive slowly, while others write: nobody may hold the database while they wait for a network."""

import secrets
import socket
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from bench.browser import quantile
from bench.faults import records
from bench.faults.posting import Posting, with_file
from bench.faults.rig import Rig, rig


def run(tmp: Path, *, uploads: int = 10, clients: int = 20, seconds: float = 6, size: int = 5 << 20) -> dict:
    """So many files of that size, each sent over so many seconds, and clients who post comments meanwhile."""
    with rig(tmp, staff=uploads + clients, TICKET_QUOTA=uploads * size * 2) as here:
        people, keys = here.desk.staff, [secrets.token_hex(12) for _ in range(uploads)]
        begun = time.monotonic()
        with Posting(here, people[uploads:], clients, pause=0.2) as posting, ThreadPoolExecutor(uploads) as pool:
            sent = pool.map(lambda n: _slowly(here, people[n], with_file(keys[n], size), seconds), range(uploads))
            answers = list(sent)
        there = records.keys(here.desk.folder)
        return {
            "files sent": uploads,
            "files saved": sum(status == 303 for status in answers),
            "files there": len(set(keys) & set(there["file"])),
            "posts": len(posting.said),
            "posts that failed": sum(said.status != 303 for said in posting.said),
            "post, p99 ms": round(quantile([said.seconds for said in posting.said], 0.99)),
            "locked, in the log": here.server.log.read_text().count("locked"),
            "longest gap, ms": here.gap(begun),
        }


def _slowly(here: Rig, cookie: str, body: bytes, seconds: float) -> int:
    lines = [f"{name}: {value}" for name, value in here.headers(cookie).items()]
    lines += ["Content-Type: multipart/form-data; boundary=x", f"Content-Length: {len(body)}"]
    piece = -(-len(body) // int(seconds * 10))
    with socket.create_connection(("127.0.0.1", here.port), 60) as line:
        line.sendall("\r\n".join(["POST /tickets/1/comments HTTP/1.1", "Host: desk", *lines, "", ""]).encode())
        for start in range(0, len(body), piece):
            line.sendall(body[start : start + piece])
            time.sleep(0.1)
        return int(line.recv(4096)[9:12] or 0)
