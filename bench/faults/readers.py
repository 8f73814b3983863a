"""Readers that do not read: some are slow, some fell silent without a word."""

import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from bench.crowd import Crowd
from bench.faults.posting import Posting
from bench.faults.rig import Rig, Visits, ask, rig

SMALL = 4096  # bytes the kernel may keep for a reader that does not read
BODY = "A line of a long message that everybody gets. " * 400
GUEST, HOST = "10.203.7.2", "10.203.7.1"


def slow(tmp: Path, *, readers: int, seconds: float, others: int = 50) -> dict:
    """So many open a stream and never read, others do; long messages are posted for so many seconds at most."""
    with rig(tmp, staff=20, STREAMS_PER_USER=1000) as here:
        crowd, people = Crowd(), here.desk.staff
        crowd.join(here.port, [here.stream(people[n % 20], "ticket:1", "me") for n in range(others)])
        before_page, alone = here.memory(), _page(here)
        deaf = [_deaf(here, people[n % 20]) for n in range(readers)]
        _until(here, lambda streams: streams == others + readers, 10)
        begun, most = time.monotonic(), here.memory()
        with Visits(here, "/tickets/new", people[0], 0.1) as visits:
            posts = 0
            while here.noted()[-1]["streams"] > others and time.monotonic() < begun + seconds:
                ask(here, "POST", "/tickets/1/comments", people[posts % 20], {"body": f"{posts} {BODY}"})
                posts += 1
                crowd.drain(0.01)
                most = max(most, here.memory())
        crowd.drain(1)
        heard = [heard.count(b'id="comment-') for heard in crowd.heard.values()]
        for stream in deaf:
            stream.close()
        crowd.leave()
        return {
            "readers that never read": readers,
            "messages": posts,
            "still open": int(here.noted()[-1]["streams"]) - others,
            "all let go after, s": round(time.monotonic() - begun, 1),
            "memory more, MB": round(most - before_page, 1),
            "others that missed one": sum(count < posts for count in heard),
            "page alone, p99 ms": alone,
            "page meanwhile, p99 ms": visits.p99(),
            "longest gap, ms": here.gap(begun),
        }


def dead(tmp: Path, *, readers: int) -> dict:
    """So many sit in a network of their own; then that network drops every packet. When are they forgotten?"""
    with _network() as network, rig(tmp, staff=readers, HOST="0.0.0.0") as here:
        script = Path(__file__).with_name("silent.py")
        command = ["ip", "netns", "exec", network, "python3", str(script), HOST, str(here.port)]
        requests = b"\0".join(here.stream(cookie, "ticket:1", "me") for cookie in here.desk.staff)
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as silent:
            silent.stdin.write(requests)
            silent.stdin.close()
            silent.stdout.readline()  # all are open
            _until(here, lambda streams: streams == readers, 10)
            _drop_all(network)
            with Posting(here, here.desk.staff, 1, pause=0.5):
                took = _until(here, lambda streams: streams == 0, 75)
            silent.kill()
        return {"dead readers": readers, "all forgotten after, s": round(took, 1), "longest gap, ms": here.gap()}


def _page(here: Rig) -> int:
    with Visits(here, "/tickets/new", here.desk.staff[0], 0.1) as visits:
        time.sleep(2)
    return visits.p99()


def _deaf(here: Rig, cookie: str) -> socket.socket:
    stream = socket.socket()
    stream.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, SMALL)
    stream.connect(("127.0.0.1", here.port))
    stream.sendall(here.stream(cookie, "ticket:1", "me"))
    return stream


def _until(here: Rig, wanted, seconds: float) -> float:
    begun = time.monotonic()
    while not (here.noted() and wanted(here.noted()[-1]["streams"])):
        if time.monotonic() > begun + seconds:
            return float("inf")
        time.sleep(0.2)
    return time.monotonic() - begun


@contextmanager
def _network() -> Iterator[str]:
    """A network namespace that reaches this machine over a cable of its own."""
    name = f"desk{time.monotonic_ns() % 10_000_000}"
    ends = name, f"{name}g"
    try:
        _ip("netns", "add", name)
        _ip("link", "add", ends[0], "type", "veth", "peer", "name", ends[1], "netns", name)
        _ip("addr", "add", f"{HOST}/30", "dev", ends[0])
        _ip("link", "set", ends[0], "up")
        _ip("-n", name, "addr", "add", f"{GUEST}/30", "dev", ends[1])
        _ip("-n", name, "link", "set", ends[1], "up")
        yield name
    finally:
        subprocess.run(["ip", "netns", "del", name], check=False)


def _drop_all(network: str):
    rules = "add table ip dead; add chain ip dead in { type filter hook input priority 0; policy drop; };"
    rules += "add chain ip dead out { type filter hook output priority 0; policy drop; }"
    subprocess.run(["ip", "netns", "exec", network, "nft", rules], check=True)


def _ip(*words: str):
    made = subprocess.run(["ip", *words], capture_output=True, text=True, check=False)
    if made.returncode:
        raise RuntimeError(f"A network of its own cannot be made here (it takes root): {made.stderr}")
