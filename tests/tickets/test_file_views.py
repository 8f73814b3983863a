"""Attached files leave as downloads, small pictures also within the page, to nobody but those who see the ticket."""

import io
from functools import partial

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from informejo import create_app, db, serving
from informejo.db import commit
from informejo.tickets import file_views, files
from informejo.tickets.models import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def stored(tmp_path) -> Attachment:
    stored = Attachment(id=1, token="t0ken", name="kätze.png", media_type="image/png", stored_name="abcdef")
    stored.size, stored.ticket_id = len(PNG), 7
    path = tmp_path / "ab" / "cd" / "abcdef"
    path.parent.mkdir(parents=True)
    path.write_bytes(PNG)
    return stored


@pytest.fixture
def get(stored, tmp_path, monkeypatch):
    def find(actor, token):
        if (actor, token) != ("ada", stored.token):
            raise NotFound
        return stored

    monkeypatch.setattr(file_views.web, "actor", lambda: "ada")
    monkeypatch.setattr(file_views.policy, "find_attachment", find)
    app = Flask("files")
    app.config.update(UPLOAD_DIR=str(tmp_path))
    app.register_blueprint(file_views.bp)
    return partial(app.test_client().get, buffered=True)


@pytest.mark.hardening("H-21")
@pytest.mark.parametrize("address", ["/files/t0ken/k%C3%A4tze.png", "/files/t0ken"])
def test_a_file_cannot_become_a_page_of_ours(get, address):
    answer = get(address)
    assert answer.data == PNG
    assert answer.headers["Content-Type"] == "image/png"
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"] == "sandbox; default-src 'none'"
    assert answer.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.hardening("S-34")
def test_a_download_is_saved_under_its_own_name_in_any_script(get):
    disposition = get("/files/t0ken/anything").headers["Content-Disposition"]
    assert disposition.startswith("attachment;")
    assert "filename*=UTF-8''k%C3%A4tze.png" in disposition


def test_a_part_of_a_file_can_be_asked_for(get):
    answer = get("/files/t0ken/cat.png", headers={"Range": "bytes=1-3"})
    assert (answer.status_code, answer.data) == (206, b"PNG")
    assert answer.headers["Cache-Control"] == "private, no-store"


@pytest.mark.parametrize("kind", ["image/png", "image/jpeg", "image/gif", "image/webp"])
def test_a_picture_is_shown_within_the_page(get, stored, kind):
    stored.media_type = kind
    answer = get("/files/t0ken")
    assert answer.status_code == 200
    assert answer.headers["Content-Disposition"].startswith("inline")


@pytest.mark.hardening("H-21", "X-29")
@pytest.mark.parametrize("kind", ["text/plain", "application/pdf", "application/zip", "application/octet-stream"])
def test_nothing_else_is_shown_within_the_page(get, stored, kind):
    stored.media_type = kind
    assert get("/files/t0ken").status_code == 404
    assert get("/files/t0ken/cat.png").status_code == 200


@pytest.mark.parametrize("address", ["/files/other", "/files/other/cat.png", "/files/t0ken/../../etc/passwd"])
def test_who_may_not_see_it_finds_nothing(get, address):
    assert get(address).status_code == 404


@pytest.fixture
def lost(world) -> Attachment:
    """A picture of Ren's whose file is gone from the disk."""
    shot = Attachment(token="t0ken", name="kätze <b>.png", media_type="image/png", size=len(PNG), stored_name="ab" * 16)
    shot.ticket, shot.uploader = world.ticket(), world.ren
    db.session.add(shot)
    commit()
    return shot


@pytest.mark.parametrize("address", ["/files/t0ken/cat.png", "/files/t0ken"])
def test_a_lost_file_says_so_to_whoever_may_see_it_and_what_to_do(visit, world, lost, address, caplog):
    answer = visit(world.ren).get(address)
    assert answer.status_code == 410
    assert "This file is lost" in answer.text
    assert "“kätze &lt;b&gt;.png” was here, but the file itself is missing on the desk&#39;s disk" in answer.text
    assert f'href="/tickets/{lost.ticket_id}"' in answer.text
    assert "no such page" not in answer.text
    assert "is lost" in caplog.text


def put(stored: Attachment, content: bytes):
    path = files.path_of(stored)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def test_half_a_file_is_lost_and_a_whole_one_is_not(visit, world, lost):
    put(lost, PNG[:20])
    assert visit(world.ren).get("/files/t0ken").status_code == 410
    put(lost, PNG)
    assert visit(world.ren).get("/files/t0ken", buffered=True).data == PNG


@pytest.mark.parametrize("name", ["", "/cat.png"])
def test_whoever_may_not_see_a_lost_file_cannot_tell_it_from_one_that_never_was(visit, world, lost, name):
    zoe = visit(world.zoe)
    answers = [zoe.get(f"/files/{token}{name}") for token in ("t0ken", "neverwas")]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].data.replace(b"t0ken", b"neverwas") == answers[1].data


def test_a_lost_file_of_a_note_is_silence_to_the_requester(visit, world, lost):
    lost.comment = world.note(lost.ticket)
    commit()
    assert visit(world.ren).get("/files/t0ken").status_code == 404
    assert visit(world.mia).get("/files/t0ken").status_code == 410


def test_the_page_of_the_ticket_names_a_lost_file_and_shows_no_broken_picture(visit, world, lost):
    page = visit(world.ren).get(f"/tickets/{lost.ticket_id}").text
    assert "lost: attach it again" in page
    assert '<img src="/files/t0ken"' not in page
    put(lost, PNG)
    page = visit(world.ren).get(f"/tickets/{lost.ticket_id}").text
    assert "attach it again" not in page
    assert '<img src="/files/t0ken"' in page


@pytest.mark.parametrize("way", ["emptied", "gone", "unwritable"])
@pytest.mark.parametrize("address", ["/tickets", "/tickets/1/comments"])
def test_without_its_disk_for_files_the_desk_takes_none_and_gives_the_text_back(
    app, visit, world, lost, tmp_path, address, way
):
    if way == "unwritable":
        app.config["UPLOAD_DIR"] = "/proc/self"  # where even root can write nothing
    elif way == "gone":
        (tmp_path / "files").rmdir()
    form = {"title": "The scanner hums", "description": "It hums all day long.", "body": "It hums all day long."}
    answer = visit(world.ren).post(address, data=form | {"files": (io.BytesIO(b"hello"), "log.txt")})
    assert (answer.status_code, answer.headers["Retry-After"]) == (507, "60")
    assert "The desk cannot take files just now. Send it without, or try again later." in answer.text
    assert "It hums all day long." in answer.text
    assert not list(tmp_path.glob("files/*"))
    assert visit(world.ren).post(address, data=form).status_code == 303


def test_the_first_file_of_a_desk_needs_no_folder_that_was_there_before(app, visit, world, tmp_path):
    ticket = world.ticket()
    (tmp_path / "files").rmdir()
    form = {"body": "Here it is.", "files": (io.BytesIO(b"hello"), "log.txt")}
    assert visit(world.ren).post(f"/tickets/{ticket.number}/comments", data=form).status_code == 303


def test_a_server_that_starts_without_its_disk_for_files_says_so_and_serves(app, lost, caplog):
    serving.look_for_files(app)
    assert "UPLOAD_DIR is empty or not there, though the desk has files" in caplog.text
    caplog.clear()
    put(lost, PNG)
    serving.look_for_files(app)
    assert caplog.text == ""


def test_a_disk_for_files_that_nobody_may_write_to_keeps_no_desk_from_starting(tmp_path):
    place = {"DATABASE_URL": f"sqlite:///{tmp_path}/desk.db", "UPLOAD_DIR": "/proc/self/files"}
    assert create_app(place).config["UPLOAD_DIR"] == "/proc/self/files"
