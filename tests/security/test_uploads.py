"""Attached files that want to be more than files: pages, scripts, bombs, paths."""

import io
import re
import struct
import zipfile
import zlib
from pathlib import Path

import pytest
from sqlalchemy import select

from informejo import db
from informejo.tickets.models import Attachment

SCRIPT = "<script>document.title='pwned'</script>"
PAGES = {
    "page.html": f"<!doctype html>{SCRIPT}",
    "page.xhtml": f'<html xmlns="http://www.w3.org/1999/xhtml"><body>{SCRIPT}</body></html>',
    "drawing.svg": f'<svg xmlns="http://www.w3.org/2000/svg" onload="pwned()">{SCRIPT}</svg>',
    "style.xml": '<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#s"?><x id="s"/>',
    "mail.mht": f"MIME-Version: 1.0\r\nContent-Type: text/html\r\n\r\n{SCRIPT}",
    "script.js": "document.title='pwned'",
    "picture.png": f"<html>{SCRIPT}</html>",
    "picture.gif": f"GIF89a=1;{SCRIPT}",
    "paper.pdf": f"%PDF-1.7 /OpenAction << /S /JavaScript /JS ({SCRIPT}) >>",
    "app.manifest": "CACHE MANIFEST\n/",
    ".htaccess": "AddType text/html .png",
    "\u200b.htaccess": "AddType text/html .png",
    "page.html\0.png": f"<html>{SCRIPT}</html>",
    "page.html;.png": f"<html>{SCRIPT}</html>",
}
KINDS = {"image/png", "image/jpeg", "image/gif", "image/webp", "application/pdf", "application/zip"}
NAMES = ["../../../x.txt", "..\\..\\x.txt", "/etc/cron.d/x", "C:\\x", "%2e%2e%2fx", "\u202egnp.exe"]
NAMES += ["a\tb\x1b[2J.txt", 'a".txt', "a\0b", "con", "..", "."]
NAMES += ["．．／etc／passwd", "＼＼host＼share", "‥", "a＂; filename=＂evil.exe", "x．exe", "日本語.pdf"]
NAMES += ["…", "Café.txt"]
PATHS = ["../test.db", "..%2f..%2ftest.db", "%2e%2e/test.db", "/etc/passwd", "....//etc/passwd", "..%5c..%5cetc", "%00"]
PATHS += ["a/../../../informejo/config.py"]
PLAIN = {"text/plain; charset=utf-8", "application/octet-stream"}


@pytest.fixture
def attach(world, visit):
    """`attach(name, content, kind)`: Ren attaches it to his ticket; the file as it is kept."""
    ticket = world.ticket()

    def attach(name: str, content: bytes, kind: str = "text/html") -> Attachment:
        files = {"files": (io.BytesIO(content), name, kind)}
        address = f"/tickets/{ticket.id}/comments"
        assert visit(world.ren).post(address, data=files, content_type="multipart/form-data").status_code == 303
        return db.session.scalars(select(Attachment).order_by(Attachment.id.desc())).first()

    return attach


@pytest.mark.hardening("H-21", "X-29", "O-10", "S-34")
@pytest.mark.parametrize("name", PAGES)
def test_whatever_is_attached_is_a_download_that_cannot_act(world, visit, attach, name):
    file = attach(name, PAGES[name].encode())
    for reader in (world.ren, world.mia):
        for shown in (file.name, "x.html", "index.svg"):
            answer = visit(reader).get(f"/files/{file.token}/{shown}", buffered=True)
            assert answer.data == PAGES[name].encode()
            assert answer.headers["Content-Disposition"].startswith("attachment;")
            assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
            assert answer.headers["X-Content-Type-Options"] == "nosniff"
            assert answer.headers["Cache-Control"] == "no-store"
            assert answer.content_type in KINDS | PLAIN
    inline = visit(world.ren).get(f"/files/{file.token}", buffered=True)
    assert inline.status_code == (200 if file.is_image else 404)
    assert inline.status_code == 404 or inline.content_type.startswith("image/")


@pytest.mark.hardening("H-23", "H-26", "S-34")
@pytest.mark.parametrize("name", NAMES)
def test_no_name_reaches_disk_header_or_another_folder(app, world, visit, attach, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "files" not in path.parts and "test.db" not in path.name}
    file = attach(name, b"harmless")
    (kept,) = [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()]
    assert re.fullmatch("[0-9a-f]{32}", kept.name)
    assert kept.stat().st_mode & 0o777 == 0o600
    assert {path for path in tmp_path.rglob("*") if "files" not in path.parts and "test.db" not in path.name} == before
    answer = visit(world.ren).get(f"/files/{file.token}/x", buffered=True)
    assert "\n" not in answer.headers["Content-Disposition"]
    header = answer.headers["Content-Disposition"]
    plain = re.fullmatch(r"""attachment; filename="([^"]*)"; filename\*=UTF-8''[!-~]+""", header)
    assert re.fullmatch(r"(?!\.)[\w .()+-]{1,120}", plain[1], re.ASCII), "a path, a quote, a hidden file"
    assert "Set-Cookie" not in answer.headers
    assert not re.search("[\0-\x1f\x7f/\\\\\u200b\u202e]", file.name)


@pytest.mark.hardening("H-25", "S-51")
def test_the_address_of_a_file_is_no_key_and_cannot_be_guessed(world, visit, attach):
    one, two = attach("a.txt", b"a"), attach("a.txt", b"a")
    assert one.token != two.token
    assert len(one.token) >= 22, "16 random bytes"
    for browser, status in ((visit(world.ren), 200), (visit(world.mia), 200), (visit(world.zoe), 404), (visit(), 303)):
        assert browser.get(f"/files/{one.token}/a.txt", buffered=True).status_code == status
    for guess in (one.token[:-1], one.token.swapcase(), str(one.id), one.stored_name, "%", "_" * 22, "..", "null"):
        assert visit(world.ren).get(f"/files/{guess}/a.txt", buffered=True).status_code == 404


@pytest.mark.hardening("H-26", "S-54")
@pytest.mark.parametrize("path", PATHS)
def test_no_address_leads_out_of_a_folder(world, visit, attach, path):
    token = attach("a.txt", b"a").token
    for begin in ("/files/", f"/files/{token}/../", "/static/", "/assets/", "/static/css/"):
        answer = visit(world.ren).get(begin + path, buffered=True)
        assert answer.status_code in (303, 308, 404), begin + path
        assert b"root:" not in answer.data
        assert b"SETTINGS" not in answer.data
        assert b"SQLite format" not in answer.data


def zip_bomb() -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
        for number in range(4):
            archive.writestr(f"../../{number}.txt", bytes(10_000_000))
    return packed.getvalue()


def huge_picture() -> bytes:
    header = struct.pack(">IIBBBBB", 50_000, 50_000, 8, 2, 0, 0, 0)
    pixels = zlib.compress(bytes(1_000_000))
    chunks = [(b"IHDR", header), (b"IDAT", pixels), (b"IEND", b"")]
    whole = [struct.pack(">I", len(d)) + k + d + struct.pack(">I", zlib.crc32(k + d)) for k, d in chunks]
    return b"\x89PNG\r\n\x1a\n" + b"".join(whole)


def entities() -> bytes:
    lols = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 10))
    return f'<!DOCTYPE svg [<!ENTITY l0 "lol">{lols}]><svg xmlns="http://www.w3.org/2000/svg">&l9;</svg>'.encode()


@pytest.mark.hardening("X-28", "S-32")
@pytest.mark.parametrize("bomb", [zip_bomb, huge_picture, entities])
def test_a_bomb_is_kept_as_it_was_sent_and_never_opened(app, world, visit, attach, bomb):
    content = bomb()
    file = attach("bomb.svg", content)
    (kept,) = [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()]
    assert kept.read_bytes() == content
    page = visit(world.mia).get("/tickets/1")
    assert page.status_code == 200
    assert visit(world.mia).get(f"/files/{file.token}/bomb.svg", buffered=True).data == content


@pytest.mark.hardening("X-28")
def test_a_small_body_that_unpacks_to_a_gigabyte_is_refused_unread(world, visit):
    packed = zlib.compress(bytes(50_000_000))
    headers = {"Content-Encoding": "gzip"}
    answer = visit(world.ren).post(
        "/tickets", data=packed, headers=headers, content_type="multipart/form-data; boundary=x"
    )
    assert answer.status_code == 415


@pytest.mark.hardening("O-10", "S-30")
def test_one_file_too_large_among_three_is_named_and_none_is_kept(app, world, visit):
    app.config["MAX_FILE_SIZE"] = 1000
    world.ticket()
    files = [(io.BytesIO(bytes(size)), f"{size}.bin") for size in (10, 1001, 20)]
    sent = {"body": "Here they are.", "files": files}
    answer = visit(world.ren).post("/tickets/1/comments", data=sent, content_type="multipart/form-data")
    assert answer.status_code == 413
    assert "1001.bin” is too large" in answer.text
    assert "Here they are." in answer.text
    assert not [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()]
    assert not db.session.scalars(select(Attachment)).all()
