"""Which tests stay together in one process when several run at once, and which begin first."""

from itertools import zip_longest

# What takes longest comes first, so that the processes end together. Each folder is a sentence's worth of reason:
TOGETHER = ("tests/chain/restarts", "tests/chain", "tests/deploy")  # share proxies, or a machine, for the whole folder
ALONE = ("tests/faults",)  # each test has a server of its own, and some wait long
FIRST = (
    *TOGETHER,
    "tests/browser",
    "tests/mail",
    "tests/intake",
    "tests/backup",
    "tests/doctor",
    "tests/ops",
    "tests/security",
    "tests/live",
    "tests/scripts",
)


def group(nodeid: str) -> str:
    """The name of the group: a folder, a file, or one test."""
    folder = _first(nodeid, TOGETHER)
    if folder:
        return folder
    return nodeid if _first(nodeid, ALONE) else nodeid.partition("::")[0]


def in_order(nodeids: list[str]) -> list[str]:
    """The groups of these tests as they begin: the longest first, and after each a test that mostly waits."""
    waiting = dict.fromkeys(group(nodeid) for nodeid in nodeids if _first(nodeid, ALONE))
    busy = dict.fromkeys(group(nodeid) for nodeid in sorted(nodeids, key=_rank) if not _first(nodeid, ALONE))
    return [name for pair in zip_longest(busy, waiting) for name in pair if name]


def _rank(nodeid: str) -> int:
    folder = _first(nodeid, FIRST)
    return FIRST.index(folder) if folder else len(FIRST)


def _first(nodeid: str, folders: tuple[str, ...]) -> str | None:
    return next((folder for folder in folders if nodeid.startswith(f"{folder}/")), None)
