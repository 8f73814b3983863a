"""Only sound versions of TLS are spoken, whatever nginx's own configuration around the site allows."""

import subprocess

import pytest

from tests.chain.chain import NAME

pytestmark = pytest.mark.server


def handshake(port, *options) -> str:
    command = [
        "openssl",
        "s_client",
        "-connect",
        f"127.0.0.1:{port}",
        "-servername",
        NAME,
        "-cipher",
        "ALL:@SECLEVEL=0",
    ]
    return subprocess.run([*command, *options], input=b"", capture_output=True, check=False).stdout.decode("latin-1")


@pytest.mark.parametrize("version", ["tls1_2", "tls1_3"])
def test_todays_versions_are_spoken_with_forward_secrecy(way, version):
    said = handshake(way, f"-{version}", "-alpn", "h2")
    assert "ALPN protocol: h2" in said
    assert "Server Temp Key" in said


@pytest.mark.parametrize("version", ["tls1", "tls1_1"])
def test_yesterdays_are_not(way, version):
    assert "Cipher is (NONE)" in handshake(way, f"-{version}")


def test_nor_are_ciphers_without_forward_secrecy(way):
    assert "Cipher is (NONE)" in handshake(way, "-tls1_2", "-cipher", "AES128-GCM-SHA256:AES256-SHA")
