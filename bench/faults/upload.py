"""Files that are far too large, told and untold, many at once and slowly, while others read their pages."""

import socket
import threading
import time
from pathlib import Path

from bench.faults.rig import Rig, Visits, rig

HUGE = 1 << 30  # bytes
CHUNK = bytes(65_536)
HEAD = b"--x\r\nContent-Disposition: form-data; name=files; filename=a.bin\r\n\r\n"


def run(tmp: Path, *, slow_seconds: float, size: int = HUGE) -> dict:
    """One of that size with its length, one without, five at once, and one at 10 kB/s for so many seconds."""
    waiting = tmp / f"waiting-{time.monotonic_ns()}"
    waiting.mkdir(parents=True)
    with rig(tmp, staff=8, TMPDIR=waiting) as here, Visits(here, "/tickets/1", here.desk.staff[0]) as visits:
        time.sleep(1)
        before, begun = here.memory(), time.monotonic()
        meter = _Highest(here)
        told, told_after, told_sent = send(here, 1, size, chunked=False)
        untold, _, untold_sent = send(here, 2, size, chunked=True)
        five = _at_once([(n, size, True) for n in range(3, 8)], here)
        slow = _slowly(here, slow_seconds)
        room = _until_empty(waiting)
        return {
            "size, MB": size >> 20,
            "with its length": told,
            "answered after, s": round(told_after, 2),
            "of it sent, MB": round(told_sent / 2**20, 1),
            "without its length": untold,
            "of that sent, MB": round(untold_sent / 2**20, 1),
            "five at once": [status for status, *_ in five],
            "slow one was served": slow,
            "memory more, MB": round(meter.stop() - before, 1),
            "room back after, s": room,
            "page, p99 ms": visits.p99(),
            "longest gap, ms": here.gap(begun),
        }


def send(here: Rig, person: int, size: int, *, chunked: bool) -> tuple[int, float, int]:
    """The status of the answer, the seconds until it came, and how many bytes were sent by then."""
    begun, sent = time.monotonic(), 0
    with socket.create_connection(("127.0.0.1", here.port), 30) as line:
        line.sendall(_head(here, person, "Transfer-Encoding: chunked" if chunked else f"Content-Length: {size}"))
        line.setblocking(False)
        answer = b""
        piece = b"%x\r\n%b\r\n" % (len(CHUNK), CHUNK) if chunked else CHUNK
        left = (b"%x\r\n%b\r\n" % (len(HEAD), HEAD) if chunked else HEAD) + piece
        while sent < size and not answer and time.monotonic() < begun + 60:
            try:
                count = line.send(left)
                left, sent = left[count:] or piece, sent + count
            except BlockingIOError:
                time.sleep(0.002)
            except OSError:
                break
            answer = _received(line)
        line.settimeout(20)
        answer = answer or _received(line, wait=True)
        return int(answer[9:12] or 0), time.monotonic() - begun, sent


class _Highest:
    """The most memory that the worker had."""

    def __init__(self, here: Rig):
        self._most, self._ended = 0.0, threading.Event()
        self._thread = threading.Thread(target=self._look, args=(here,))
        self._thread.start()

    def stop(self) -> float:
        self._ended.set()
        self._thread.join()
        return self._most

    def _look(self, here: Rig):
        while not self._ended.wait(0.1):
            self._most = max(self._most, here.memory())


def _head(here: Rig, person: int, length: str) -> bytes:
    lines = [f"{name}: {value}" for name, value in here.headers(here.desk.staff[person]).items()]
    lines += ["Content-Type: multipart/form-data; boundary=x", length]
    return "\r\n".join(["POST /tickets/1/comments HTTP/1.1", "Host: desk", *lines, "", ""]).encode()


def _received(line: socket.socket, wait: bool = False) -> bytes:
    try:
        return line.recv(4096)
    except BlockingIOError:
        return b""
    except OSError:
        return b"" if wait else b"HTTP/1.1 000"


def _at_once(uploads: list[tuple[int, int, bool]], here: Rig) -> list[tuple]:
    answers = []
    threads = [
        threading.Thread(target=lambda n=n, size=size: answers.append(send(here, n, size, chunked=True)))
        for n, size, _ in uploads
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return answers


def _slowly(here: Rig, seconds: float) -> int:
    """A small file at 10 kB/s, so that it takes so long; the status of its answer."""
    pieces = max(1, int(seconds))
    body = HEAD + bytes(10_000 * pieces) + b"\r\n--x--\r\n"
    with socket.create_connection(("127.0.0.1", here.port), 30) as line:
        line.sendall(_head(here, 1, f"Content-Length: {len(body)}"))
        for start in range(0, len(body), 10_000):
            line.sendall(body[start : start + 10_000])
            time.sleep(1)
        return int(line.recv(4096)[9:12] or 0)


def _until_empty(folder: Path) -> float:
    """Seconds until nothing waits there any more: files without a name show in the file system's use only."""
    begun = time.monotonic()
    while any(path.is_file() for path in folder.iterdir() if "wgunicorn" not in path.name):
        if time.monotonic() > begun + 30:
            return float("inf")
        time.sleep(0.05)
    return round(time.monotonic() - begun, 2)
