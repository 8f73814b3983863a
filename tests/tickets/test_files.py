"""Attached files: copied whole or not at all, judged by what is in them, gone when nobody points at them."""

import errno
import io
import os
import stat
from datetime import timedelta
from pathlib import Path

import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage

from informejo import clock, db
from informejo.accounts.models import User
from informejo.tickets import files, media_types
from informejo.tickets.files import FileRefused
from informejo.tickets.models import Attachment, Ticket
from tests.database import leave_signals

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)


@pytest.fixture(autouse=True)
def app(tmp_path):
    leave_signals()
    app = Flask("files")
    app.config.update(DATABASE_URL=f"sqlite:///{tmp_path}/rows.db", UPLOAD_DIR=str(tmp_path / "files"))
    app.config.update(MAX_FILE_SIZE=1000, MAX_FILES=3, TICKET_QUOTA=1500, PERSON_QUOTA=10_000, SCANNER="")
    db.init_app(app)
    with app.app_context():
        db.alchemy.create_all()
        yield app
        db.session.remove()
        db.engine().dispose()


@pytest.fixture
def ticket() -> Ticket:
    ada = User(email="ada@desk.example", name="Ada")
    ticket = Ticket(title="The printer", description="is on fire", requester=ada, opened_by=ada)
    db.session.add(ticket)
    db.commit()
    return ticket


def sent(content: bytes = b"hello", name: str = "note.txt", claim: str = "image/png") -> FileStorage:
    return FileStorage(io.BytesIO(content), name, content_type=claim)


def on_disk(app: Flask) -> list[Path]:
    return [path for path in Path(app.config["UPLOAD_DIR"]).rglob("*") if path.is_file()]


def attach(ticket: Ticket, found):
    for file in found:
        db.session.add(Attachment(ticket=ticket, uploader=ticket.opened_by, **file._asdict()))


def attach_and_break(ticket: Ticket, save):
    with files.kept([sent()], ticket.opened_by, ticket) as found:
        attach(ticket, found)
        save()
        raise ZeroDivisionError


def test_a_file_is_kept_as_it_was_sent_and_only_for_us(app):
    [file] = files.keep([sent(PNG, "cat.png")], room=1000)
    [path] = on_disk(app)
    assert path.read_bytes() == PNG
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert (file.name, file.size, file.media_type) == ("cat.png", len(PNG), "image/png")


@pytest.mark.hardening("H-26", "H-23", "S-34")
@pytest.mark.parametrize("name", ["../../x.txt", "..\\x.txt", "/etc/x.txt", "C:\\x.txt", "%2e%2e%2fx.txt", "x\0.txt"])
def test_the_place_on_disk_has_nothing_to_do_with_the_name(app, tmp_path, name):
    before = {path for path in tmp_path.rglob("*") if "files" not in path.parts}
    [file] = files.keep([sent(name=name)], room=1000)
    [path] = on_disk(app)
    assert path.relative_to(app.config["UPLOAD_DIR"]).parts == (file.stored_name[:2], file.stored_name[2:4], path.name)
    assert path.name == file.stored_name
    assert {path for path in tmp_path.rglob("*") if "files" not in path.parts} == before


def test_two_files_of_one_name_do_not_meet(app):
    one, two = files.keep([sent(b"one"), sent(b"two")], room=1000)
    assert len({one.token, two.token, one.stored_name, two.stored_name}) == 4
    assert {path.read_bytes() for path in on_disk(app)} == {b"one", b"two"}


def test_a_field_without_a_file_is_no_file(app):
    assert files.keep([sent(b"", name="")], room=1000) == []
    assert len(files.keep([sent(b"", name="empty.txt")], room=1000)) == 1


@pytest.mark.hardening("S-30", "O-10")
def test_a_file_of_the_largest_size_fits_and_one_more_byte_does_not(app):
    files.keep([sent(bytes(1000))], room=5000)
    with pytest.raises(FileRefused, match=r"^“big\.bin” is too large: a file can have 1000 bytes at most\.$"):
        files.keep([sent(bytes(1001), "big.bin")], room=5000)
    assert len(on_disk(app)) == 1


def test_a_file_that_is_too_large_is_not_read_to_its_end(app):
    app.config["MAX_FILE_SIZE"] = 2 * files.CHUNK
    endless = sent(bytes(100 * files.CHUNK))
    with pytest.raises(FileRefused):
        files.keep([endless], room=1000 * files.CHUNK)
    assert endless.stream.tell() == 3 * files.CHUNK


@pytest.mark.hardening("O-10")
def test_all_files_are_kept_or_none(app):
    with pytest.raises(FileRefused, match="note"):
        files.keep([sent(), sent(), sent(bytes(1001))], room=5000)
    assert on_disk(app) == []
    assert len(files.keep([sent(), sent(), sent(bytes(1000))], room=5000)) == 3


@pytest.mark.hardening("S-30")
def test_a_message_carries_so_many_files_and_no_more(app):
    with pytest.raises(FileRefused, match="3 files at most; these are 4"):
        files.keep([sent()] * 4, room=5000)
    assert on_disk(app) == []


def test_the_files_of_one_message_share_the_room(app):
    assert len(files.keep([sent(bytes(800)), sent(bytes(700))], room=1500)) == 2
    with pytest.raises(FileRefused, match="the files of one ticket"):
        files.keep([sent(bytes(800)), sent(bytes(701))], room=1500)


@pytest.mark.hardening("S-30")
def test_the_files_of_a_ticket_share_its_quota(ticket):
    with files.kept([sent(bytes(1000))], ticket.opened_by, ticket) as found:
        attach(ticket, found)
        db.commit()
    with (
        pytest.raises(FileRefused, match="the files of one ticket"),
        files.kept([sent(bytes(501))], ticket.opened_by, ticket),
    ):
        pass
    with files.kept([sent(bytes(500))], ticket.opened_by, ticket) as found:
        assert len(found) == 1
    with files.kept([sent(bytes(1000))], None) as found:  # a new ticket
        assert len(found) == 1


def test_a_full_disk_is_said_in_words_and_leaves_nothing(app):
    class Full(io.BytesIO):
        def read(self, size=-1):
            raise OSError(errno.ENOSPC, "No space left on device")

    with pytest.raises(FileRefused, match="no room for files just now"):
        files.keep([FileStorage(Full(), "x.txt")], room=1000)
    assert on_disk(app) == []


def test_copying_lets_others_have_their_turn(app, monkeypatch):
    pauses = []
    monkeypatch.setattr(files.time, "sleep", pauses.append)
    app.config["MAX_FILE_SIZE"] = 4 * files.CHUNK
    files.keep([sent(bytes(4 * files.CHUNK))], room=4 * files.CHUNK)
    assert pauses == [0, 0, 0, 0]


def test_a_file_whose_row_is_committed_stays(app, ticket):
    with files.kept([sent()], ticket.opened_by, ticket) as found:
        attach(ticket, found)
        db.commit()
    assert files.path_of(ticket.attachments[0]).read_bytes() == b"hello"


def test_a_file_stays_when_something_breaks_after_the_commit(app, ticket):
    with pytest.raises(ZeroDivisionError):
        attach_and_break(ticket, db.commit)
    assert len(on_disk(app)) == 1


def test_a_file_whose_row_is_not_committed_goes(app, ticket):
    with pytest.raises(ZeroDivisionError):
        attach_and_break(ticket, db.session.flush)
    assert on_disk(app) == []


def test_a_form_sent_twice_leaves_no_second_file(app, ticket):
    with files.kept([sent()], ticket.opened_by, ticket) as found:
        assert len(on_disk(app)) == len(found) == 1  # the action found the first comment and made no rows
        db.commit()
    assert on_disk(app) == []


def test_removing_a_file_twice_is_no_error(app):
    [file] = files.keep([sent()], room=1000)
    files.remove(file.stored_name)
    files.remove(file.stored_name)
    assert on_disk(app) == []


def test_strays_are_removed_when_they_are_old_enough(app, ticket):
    with files.kept([sent(b"has a row")], ticket.opened_by, ticket) as found:
        attach(ticket, found)
        db.commit()
    files.keep([sent(b"old"), sent(b"new")], room=1000)
    hour_ago = clock.now() - timedelta(hours=1)
    for path in on_disk(app):
        if path.read_bytes() != b"new":
            os.utime(path, times=(0, 0))
    assert files.remove_strays(hour_ago) == 1
    assert {path.read_bytes() for path in on_disk(app)} == {b"has a row", b"new"}


@pytest.mark.hardening("O-10", "H-21")
@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (PNG, "image/png"),
        (b"\xff\xd8\xff\xe0\0\x10JFIF", "image/jpeg"),
        (b"GIF89a\1\0", "image/gif"),
        (b"RIFF\x0a\0\0\0WEBPVP8 ", "image/webp"),
        (b"RIFF\x0a\0\0\0WAVEfmt ", media_types.UNKNOWN),
        (b"%PDF-1.7", "application/pdf"),
        (b"PK\x03\x04\x14\0", "application/zip"),
        ("Grüße, 日本".encode(), "text/plain"),
        ("日本".encode()[:-1], "text/plain"),
        (b"<html><script>pwn()</script>", "text/plain"),
        (b"<svg xmlns='http://www.w3.org/2000/svg' onload='pwn()'/>", "text/plain"),
        (b" \x89PNG\r\n\x1a\n", media_types.UNKNOWN),
        ("text".encode("utf-16"), media_types.UNKNOWN),
        (b"MZ\x90\0", media_types.UNKNOWN),
        (b"a\0b", media_types.UNKNOWN),
        (b"", media_types.UNKNOWN),
    ],
)
def test_a_file_is_what_its_first_bytes_say(head, kind):
    [file] = files.keep([sent(head, "cat.png", claim="image/png")], room=1000)
    assert file.media_type == kind


def test_internal_files_take_no_room_from_the_requesters(app, world):
    app.config["TICKET_QUOTA"] = 1500
    ticket = world.ticket()
    with files.kept([sent(bytes(1000))], ticket.opened_by, ticket, internal=True) as found:
        world.note(ticket, files=found)
    with files.kept([sent(bytes(1000))], ticket.opened_by, ticket) as found:
        world.comment(world.ren, ticket, files=found)
    with pytest.raises(FileRefused), files.kept([sent(bytes(1000))], ticket.opened_by, ticket, internal=True):
        pass
