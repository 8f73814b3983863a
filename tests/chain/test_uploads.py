"""Files on their way in and out through the chain."""

import hashlib
import re

import pytest

from tests.chain.asking import ask

pytestmark = pytest.mark.server
EDGE = "----edge"
BIGGEST = b"0123456789abcdef" * (10_485_760 // 16)


def form(body: str, content: bytes) -> bytes:
    """A message and a file, as a browser sends them."""
    text = f'--{EDGE}\r\nContent-Disposition: form-data; name="body"\r\n\r\n{body}\r\n'
    file = f'--{EDGE}\r\nContent-Disposition: form-data; name="files"; filename="scan.bin"\r\n'
    return f"{text}{file}Content-Type: application/octet-stream\r\n\r\n".encode() + content + f"\r\n--{EDGE}--".encode()


def send(way, ticket, cookie, content) -> int:
    kind = {"Content-Type": f"multipart/form-data; boundary={EDGE}", "Sec-Fetch-Site": "same-origin"}
    return ask(
        way, f"/tickets/{ticket.number}/comments", body=form("Here it is.", content), headers=cookie | kind
    ).status


def test_the_biggest_file_arrives_whole_and_can_be_fetched(way, cookie, world):
    ticket, ren = world.ticket(), cookie(world.ren)
    assert send(way, ticket, ren, BIGGEST) == 303
    page = ask(way, f"/tickets/{ticket.number}", headers=ren).content.decode()
    address = re.search(r'href="(/files/[^"]+)"', page)[1]
    file = ask(way, address, headers=ren)
    assert hashlib.sha256(file.content).digest() == hashlib.sha256(BIGGEST).digest()
    assert file.headers["Content-Disposition"].startswith("attachment")
    assert file.headers.get_all("Content-Security-Policy") == ["sandbox; default-src 'none'"]


def test_one_byte_more_is_refused_by_the_desk(way, cookie, world):
    ticket = world.ticket()
    assert send(way, ticket, cookie(world.ren), BIGGEST + b"x") in (413, 422)
