"""Confined as informejo.service confines it, the desk works: it writes nowhere else and needs no other system call."""

import ctypes.util
import http.client
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tests.posting import Desk, get, post

MISSING = os.geteuid() != 0 or not shutil.which("systemd-analyze") or not ctypes.util.find_library("seccomp")
pytestmark = [
    pytest.mark.server,
    pytest.mark.hardening("S-53"),
    pytest.mark.skipif(MISSING, reason="needs root, systemd-analyze and libseccomp"),
]
SANDBOX = str(Path(__file__).parent / "sandbox.py")
FORBIDDEN = {
    "write elsewhere": "open('/var/tmp/here', 'w')",
    "make memory executable": "import mmap; mmap.mmap(-1, 4096, prot=mmap.PROT_WRITE | mmap.PROT_EXEC)",
    "change the clock": "import time; time.clock_settime(time.CLOCK_REALTIME, time.time())",
    "mount": "import ctypes; assert ctypes.CDLL(None).mount(b'none', b'/mnt', b'tmpfs', 0, None) == 0",
}


@pytest.fixture
def desk(tmp_path):
    desk = Desk(tmp_path / "state", TMPDIR=tmp_path / "state")
    desk.populate()
    desk.server.prefix = confined(tmp_path / "state")
    desk.server.start()
    yield desk
    desk.server.stop()


def confined(state: Path) -> tuple[str, ...]:
    return ("unshare", "--mount", sys.executable, SANDBOX, str(state))


def run(state: Path, *words: str, **environ) -> subprocess.CompletedProcess:
    command = [*confined(state), sys.executable, *words]
    return subprocess.run(command, env=os.environ | environ, capture_output=True, text=True, check=False)


def test_a_confined_desk_signs_in_takes_messages_backs_up_and_prunes(desk, tmp_path):
    assert "Seccomp:\t2" in Path(f"/proc/{desk.server.worker}/status").read_text(), "it is not confined"
    line = http.client.HTTPConnection("127.0.0.1", desk.server.port, timeout=30)
    form = {"email": "ren@example.org", "password": "correct horse battery"}
    assert post(line, "/sign-in", form, "") == 303
    assert post(line, f"/tickets/{desk.ticket}/comments", {"body": "It still burns."}, desk.cookies["ren"]) == 303
    line.close()
    status, stream = get(desk, f"/live/events?on=ticket:{desk.ticket}", desk.cookies["ren"])
    assert (status, b"event: ready" in stream) == (200, True)
    for words in (("backup",), ("prune",)):
        result = run(tmp_path / "state", "-m", "flask", "--app", "app", *words, **desk.server.settings)
        assert result.returncode == 0, result.stderr
    assert len(list(desk.backups.iterdir())) == 1
    assert "Traceback" not in desk.server.log.read_text()


@pytest.mark.parametrize("what", FORBIDDEN)
def test_a_confined_program_cannot(tmp_path, what):
    assert run(tmp_path, "-c", "print('it runs')").returncode == 0
    result = run(tmp_path, "-c", FORBIDDEN[what])
    assert result.returncode == 1, result.stderr
