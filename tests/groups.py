"""Which tests stay together in one process when several run at once, and which begin first."""

# What takes longest comes first, so that the processes end together. Each folder is a sentence's worth of reason:
TOGETHER = ("tests/chain/restarts", "tests/chain", "tests/deploy")  # share proxies, or a machine, for the whole folder
ALONE = ("tests/faults",)  # each test has a server of its own, and some wait long
FIRST = (*ALONE, *TOGETHER, "tests/browser", "tests/ops", "tests/security", "tests/live", "tests/scripts")


def group(nodeid: str) -> str:
    """The name of the group: a folder, a file, or one test."""
    folder = _first(nodeid, TOGETHER)
    if folder:
        return folder
    return nodeid if _first(nodeid, ALONE) else nodeid.partition("::")[0]


def rank(nodeid: str) -> int:
    """Lower comes first; those of equal rank keep their order."""
    folder = _first(nodeid, FIRST)
    return FIRST.index(folder) if folder else len(FIRST)


def _first(nodeid: str, folders: tuple[str, ...]) -> str | None:
    return next((folder for folder in folders if nodeid.startswith(f"{folder}/")), None)
