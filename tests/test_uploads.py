"""Each address takes so much and no more, and taking it leaves time for others."""

import errno
import inspect
import io
import re

import pytest
from flask import Flask, request

from informejo import uploads
from informejo.config import ROOT

FORM = "application/x-www-form-urlencoded"
PART = (
    b"--x\r\nContent-Disposition: form-data; name=files; filename=a.bin\r\n"
    b"Content-Type: application/octet-stream\r\n\r\n%b\r\n--x--\r\n"
)


@pytest.fixture
def client():
    app = Flask("uploads")
    app.config.update(MAX_FILES=2, MAX_FILE_SIZE=100_000)
    uploads.init_app(app)

    @app.post("/<path:address>")
    def take(address):
        return {"fields": len(request.form), "bytes": sum(len(f.read()) for f in request.files.values())}

    return app.test_client()


def upload(client, address: str, size: int):
    return client.post(address, data=PART % bytes(size), content_type="multipart/form-data; boundary=x")


@pytest.mark.hardening("W-09")
def test_a_form_of_a_quarter_megabyte_is_taken_and_no_larger_one(client):
    assert client.post("/drafts", data=b"a=" + b"x" * (uploads.SMALL - 3), content_type=FORM).json["fields"] == 1
    assert client.post("/drafts", data=b"a=" + b"x" * (uploads.SMALL - 2), content_type=FORM).status_code == 413


def test_the_longest_comment_fits_however_it_is_sent(client):
    assert client.post("/tickets/42/comments", data={"body": "👍" * 20_000}).status_code == 200


@pytest.mark.parametrize("address", ["/submit-ticket", "/tickets", "/tickets/42/comments"])
def test_files_are_taken_where_there_are_files(client, address):
    assert upload(client, address, 400_000).json["bytes"] == 400_000
    assert upload(client, address, 500_000).status_code == 413


def test_every_form_with_files_gets_them_through_the_desk_and_through_nginx(app):
    views = [name for name, view in app.view_functions.items() if 'files.getlist("files")' in inspect.getsource(view)]
    rules = [rule.rule for rule in app.url_map.iter_rules() if rule.endpoint in views]
    addresses = {re.sub("<.*?>", "42", rule) for rule in rules}
    assert "/submit-ticket" in addresses
    [through_nginx] = re.findall(
        r"location ~ (\S+) \{\s+client_max_body_size", (ROOT / "deploy/nginx.conf").read_text()
    )
    for address in addresses:
        assert uploads.WITH_FILES.fullmatch(address), address
        assert re.search(through_nginx, address), address


@pytest.mark.hardening("S-30")
@pytest.mark.parametrize(
    "address", ["/drafts", "/sign-in", "/tickets/42/status", "/tickets/42/comments/", "/x/tickets"]
)
def test_large_files_are_refused_everywhere_else(client, address):
    assert upload(client, address, 400_000).status_code == 413
    assert upload(client, address, 200_000).status_code == 200


def test_only_a_form_with_files_may_be_large(client):
    assert client.post("/tickets", data=b"a=" + b"x" * 400_000, content_type=FORM).status_code == 413


@pytest.mark.hardening("W-09")
def test_a_form_without_a_length_is_cut_at_the_limit_and_refused(client):
    def post(size: int) -> tuple[int, int]:
        body = io.BytesIO(b"a=" + b"x" * size)
        chunked = {"wsgi.input": body, "wsgi.input_terminated": True, "CONTENT_TYPE": FORM, "CONTENT_LENGTH": ""}
        return client.post("/drafts", environ_overrides=chunked).status_code, body.tell()

    assert post(uploads.SMALL - 3)[0] == 200
    status, read = post(uploads.SMALL * 4)
    assert status == 413
    assert read <= uploads.SMALL + 64 * 1024


@pytest.mark.hardening("W-09")
def test_four_hundred_fields_are_taken_and_no_more(client):
    assert client.post("/drafts", data={f"f{n}": "" for n in range(400)}).json["fields"] == 400
    assert client.post("/drafts", data={f"f{n}": "" for n in range(401)}).status_code == 400


@pytest.mark.hardening("X-28", "S-32")
def test_a_packed_body_is_refused(client):
    assert (
        client.post("/drafts", data=b"a=1", content_type=FORM, headers={"Content-Encoding": "gzip"}).status_code == 415
    )
    plain = {"Content-Encoding": "identity"}
    assert client.post("/drafts", data=b"a=1", content_type=FORM, headers=plain).json["fields"] == 1


def test_reading_a_body_lets_others_have_their_turn(client, monkeypatch):
    pauses = []
    monkeypatch.setattr(uploads.time, "sleep", pauses.append)
    upload(client, "/tickets", 400_000)
    assert pauses == [0]
    client.post("/drafts", data={"a": "b"})
    assert pauses == [0]


def test_a_pausing_stream_reads_like_any_other():
    def stream():
        return uploads.PausingStream(io.BytesIO(b"one\ntwo\nthree"))

    assert stream().read() == b"one\ntwo\nthree"
    assert (stream().read(2), stream().readline(), stream().readline(2)) == (b"on", b"one\n", b"on")
    assert list(stream()) == stream().readlines() == [b"one\n", b"two\n", b"three"]


def test_without_room_for_a_file_only_who_reads_it_is_told_so(monkeypatch):
    def no_room(*_):
        raise OSError(errno.ENOSPC, "No space left on device")

    with uploads.ArrivingFile() as arrived:
        assert arrived.write(b"here") == 4
        assert (arrived.seek(0), arrived.read()) == (0, b"here")
    monkeypatch.setattr(uploads.SpooledTemporaryFile, "write", no_room)
    with uploads.ArrivingFile() as lost:
        assert lost.write(b"gone") == 4
        lost.seek(0)
        with pytest.raises(OSError, match="No space"):
            lost.read()
