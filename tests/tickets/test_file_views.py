"""Attached files leave as downloads, small pictures also within the page, to nobody but those who see the ticket."""

from functools import partial

import pytest
from flask import Flask
from werkzeug.exceptions import NotFound

from informejo.tickets import file_views
from informejo.tickets.models import Attachment

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture
def stored(tmp_path) -> Attachment:
    stored = Attachment(id=1, token="t0ken", name="kätze.png", media_type="image/png", stored_name="abcdef")
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


def test_a_file_that_is_gone_from_disk_is_not_found(get, tmp_path):
    (tmp_path / "ab" / "cd" / "abcdef").unlink()
    assert get("/files/t0ken/cat.png").status_code == 404
