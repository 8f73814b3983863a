"""Runs a command as informejo.service confines it, without systemd: `unshare --mount python sandbox.py STATE COMMAND`.

All file systems are read-only but for the folder STATE; only the system calls of SystemCallFilter= are let through, the
others fail with EPERM; no memory becomes executable that was writable; no new privileges.
"""

import ctypes
import os
import subprocess
import sys
from pathlib import Path

UNIT = Path(__file__).resolve().parents[2] / "deploy" / "informejo.service"
KERNELS = ("/proc", "/sys", "/dev")
ALLOW, FAIL = 0x7FFF0000, 0x00050000 | 1  # SCMP_ACT_ALLOW, SCMP_ACT_ERRNO(EPERM)
NO_NEW_PRIVILEGES, WRITE_OR_EXECUTE = 38, 65  # PR_SET_NO_NEW_PRIVS, PR_SET_MDWE


def main(state: str, command: list[str]):
    make_read_only(state)
    process = ctypes.CDLL(None)
    allowed = system_calls()
    assert process.prctl(NO_NEW_PRIVILEGES, 1, 0, 0, 0) == 0
    assert process.prctl(WRITE_OR_EXECUTE, 1, 0, 0, 0) == 0
    let_through(allowed)
    os.execvp(command[0], command)


def make_read_only(state: str):
    mount("--make-rprivate", "/")
    mount("--bind", state, state)
    points = {line.split()[4] for line in Path("/proc/self/mountinfo").read_text().splitlines()}
    for point in points - {os.path.realpath(state)}:
        if not point.startswith(KERNELS):
            mount("--options", "remount,bind,ro", point)


def mount(*words: str):
    subprocess.run(["mount", *words], check=True)


def system_calls() -> set[str]:
    """Those that the unit allows."""
    allowed = members("@default")
    for line in UNIT.read_text().splitlines():
        if line.startswith("SystemCallFilter="):
            words = line.partition("=")[2]
            named = set().union(*map(members, words.removeprefix("~").split()))
            allowed = allowed - named if words.startswith("~") else allowed | named
    return allowed


def members(group: str) -> set[str]:
    """The names in a group of system calls, and in the groups in it."""
    listing = subprocess.run(["systemd-analyze", "syscall-filter", group], check=True, capture_output=True, text=True)
    lines = [line.strip() for line in listing.stdout.splitlines()[1:]]
    names = [line for line in lines if line and not line.startswith("#")]
    return set().union(*(members(name) if name.startswith("@") else {name} for name in names))


def let_through(names: set[str]):
    seccomp = ctypes.CDLL("libseccomp.so.2")
    seccomp.seccomp_init.restype = ctypes.c_void_p
    context = ctypes.c_void_p(seccomp.seccomp_init(FAIL))
    for name in names:
        number = seccomp.seccomp_syscall_resolve_name(name.encode())
        if number >= 0:  # others belong to other processors
            assert seccomp.seccomp_rule_add_array(context, ctypes.c_uint32(ALLOW), number, 0, None) == 0, name
    assert seccomp.seccomp_load(context) == 0


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2:])
