"""The virus scanner: nothing is kept in which it finds something, and nothing handed out that it has not seen."""

import io
import socket
import zipfile

import pytest
from sqlalchemy import select

from informejo import clamd, db
from informejo.doctor.checks import Patient
from informejo.doctor.models import State
from informejo.doctor.scanner_checks import scanner as examine
from informejo.mail.conversation import Reader
from informejo.tickets import rechecking, scanning
from informejo.tickets.files import path_of
from informejo.tickets.models import Attachment, Comment
from informejo.tickets.words import Hold
from tests.intake.letters import come
from tests.live.sse import Listener
from tests.scanner import EICAR, scanner

PNG = b"\x89PNG\r\n\x1a\n" + bytes(40)
TYPED = "It opens by itself, whatever I do."
NEW = {"title": "Look at this", "description": TYPED, "category": "other", "priority": "low"}
WAITS, NEVER = "waits to be checked", "a virus was found in it"


@pytest.fixture(autouse=True)
def always_asked(monkeypatch):
    """Who did not answer a moment ago is asked again at once: each test has a scanner of its own."""
    monkeypatch.setattr(scanning, "SILENCE", 0)
    rechecking._later.clear()


@pytest.fixture
def stub(app):
    with scanner() as stub:
        app.config["SCANNER"] = stub.address
        yield stub


@pytest.fixture
def away(app):
    """No scanner listens there; returns the port."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    app.config["SCANNER"] = f"tcp://127.0.0.1:{port}"
    return port


def sent(browser, address: str, *contents: bytes, **fields):
    data = {**fields, "files": [(io.BytesIO(content), f"file-{n}.png") for n, content in enumerate(contents)]}
    return browser.post(address, data=data, content_type="multipart/form-data")


def files() -> list[Attachment]:
    db.session.rollback()
    db.session.expire_all()
    return list(db.session.scalars(select(Attachment).order_by(Attachment.id)))


def statuses(browser, file: Attachment) -> tuple[int, int]:
    """How the file comes to be saved, and as a picture."""
    addresses = (f"/files/{file.token}/{file.name}", f"/files/{file.token}")
    return tuple(browser.get(address, buffered=True).status_code for address in addresses)


@pytest.mark.hardening("S-35")
@pytest.mark.parametrize("address", ["/tickets", "/tickets/1/comments", "/submit-ticket"])
def test_a_file_with_a_virus_is_refused_by_name_and_the_text_is_kept(app, world, visit, stub, tmp_path, address):
    world.ticket()
    fields = {**NEW, "body": TYPED, "name": "Nia New", "email": "nia@example.org"}
    browser = visit(None if address == "/submit-ticket" else world.ren)
    refused = sent(browser, address, PNG, PNG + EICAR, **fields)
    assert refused.status_code == 422
    assert "“file-1.png” was not taken: the virus scanner found Eicar-Test-Signature in it." in refused.text
    assert TYPED in refused.text
    assert (files(), [path for path in (tmp_path / "files").rglob("*") if path.is_file()]) == ([], [])
    assert sent(browser, address, PNG, **fields).status_code == 303
    assert [file.hold for file in files()] == [None]
    assert PNG in stub.seen


@pytest.mark.hardening("S-35")
def test_without_a_scanner_files_come_as_ever_and_with_one_what_it_has_seen_is_opened(app, world, visit, stub):
    ren = visit(world.ren)
    sent(ren, "/tickets", PNG, **NEW)
    app.config["SCANNER"] = ""
    sent(ren, "/tickets", PNG, **NEW)
    assert [statuses(ren, file) for file in files()] == [(200, 200), (200, 200)]
    assert len(stub.seen) == 1


@pytest.mark.hardening("S-35")
def test_while_the_scanner_is_away_a_file_is_kept_and_nobody_opens_it_until_it_is_back(world, visit, away):
    ticket, ren, mia = world.ticket(), visit(world.ren), visit(world.mia)
    assert sent(ren, f"/tickets/{ticket.id}/comments", PNG, body=TYPED).status_code == 303
    [file] = files()
    for browser in (ren, mia):
        assert statuses(browser, file) == (423, 423)
        assert WAITS in (page := browser.get(f"/tickets/{ticket.id}").text)
        assert f'src="/files/{file.token}"' not in page
    rechecking.check_held()
    assert statuses(ren, file) == (423, 423)
    with scanner(away):
        rechecking.check_held()
    assert statuses(ren, file) == statuses(mia, file) == (200, 200)
    assert WAITS not in ren.get(f"/tickets/{ticket.id}").text


@pytest.mark.hardening("S-35")
def test_a_held_file_in_which_something_is_found_is_opened_by_nobody_ever(world, visit, away):
    ren = visit(world.ren)
    sent(ren, "/tickets", EICAR, **NEW)
    with scanner(away):
        rechecking.check_held()
        rechecking.check_held()
    [file] = files()
    assert (file.hold, statuses(ren, file)[0]) == (Hold.INFECTED, 423)
    assert NEVER in ren.get(f"/tickets/{file.ticket_id}").text
    assert NEVER in ren.get(f"/tickets/{file.ticket_id}/print").text


def test_pages_show_live_that_a_file_can_be_opened(world, visit, away):
    ticket = world.ticket()
    sent(visit(world.ren), f"/tickets/{ticket.id}/comments", PNG, body=TYPED)
    [file] = files()
    opened = Listener(visit(world.mia), f"/live?on=ticket:{ticket.id}")
    with scanner(away):
        rechecking.check_held()
    assert f'src="/files/{file.token}"' in "".join(message.data for message in opened.heard())


@pytest.mark.hardening("S-35")
def test_no_mail_and_no_copy_of_ones_data_brings_a_file_that_is_held(app, world, visit, away):
    ticket = world.ticket(world.gus)
    sent(visit(world.mia), f"/tickets/{ticket.id}/comments", PNG, body=TYPED)
    [comment], reader = db.session.scalars(select(Comment)), Reader(world.gus, True)
    assert reader.attached(comment) == []
    archive = visit(world.mia).post("/profile/data/copy", buffered=True).data
    assert zipfile.ZipFile(io.BytesIO(archive)).namelist() == ["data.json"]
    with scanner(away):
        rechecking.check_held()
    assert reader.attached(comment) == files()
    archive = visit(world.mia).post("/profile/data/copy", buffered=True).data
    assert len(zipfile.ZipFile(io.BytesIO(archive)).namelist()) == 2


@pytest.mark.hardening("S-35")
def test_a_mail_comes_in_without_its_virus_and_the_original_hands_none_out(app, world, visit, stub):
    mail = come(files=(("bad.exe", EICAR), ("good.png", PNG)))
    assert [file.name for file in mail.ticket.attachments] == ["good.png"]
    assert "“bad.exe” was not taken: the virus scanner found" in mail.ticket.description
    mia, here = visit(world.mia), f"/mail/in/{mail.id}"
    assert [mia.get(f"{here}/parts/{number}").status_code for number in (1, 2)] == [423, 200]
    assert mia.get(here).status_code == 200
    app.config["SCANNER"] = "tcp://127.0.0.1:1"
    assert [mia.get(f"{here}/{part}").status_code for part in ("parts/2", "raw")] == [423, 423], "nobody knows"


def test_a_mail_that_comes_while_the_scanner_is_away_has_its_files_held(world, away):
    mail = come(files=(("good.png", PNG),))
    assert [file.hold for file in mail.ticket.attachments] == [Hold.UNCHECKED]


def test_a_file_too_large_for_the_scanner_is_held_and_stands_in_no_others_way(world, visit, stub):
    stub.most = 100
    sent(visit(world.ren), "/tickets", bytes(200_000), PNG, **NEW)
    assert [file.hold for file in files()] == [Hold.UNCHECKED, None]
    rechecking.check_held()
    asked = len(stub.asked)
    rechecking.check_held()
    assert len(stub.asked) == asked, "it is not asked about it all the time"


def test_a_held_file_that_is_lost_stands_in_no_others_way_either(world, visit, away):
    sent(visit(world.ren), "/tickets", PNG, PNG, **NEW)
    path_of(files()[0]).unlink()
    with scanner(away):
        rechecking.check_held()
    assert [file.hold for file in files()] == [Hold.UNCHECKED, None]


def test_whoever_sends_many_files_waits_once_for_a_scanner_that_does_not_answer(world, visit, away, monkeypatch):
    tries = []
    monkeypatch.setattr(scanning, "SILENCE", 10)
    monkeypatch.setattr(clamd, "_connected", lambda address: tries.append(address) or (_ for _ in ()).throw(OSError()))
    sent(visit(world.ren), "/tickets", PNG, PNG, PNG, **NEW)
    assert ([file.hold for file in files()], len(tries)) == ([Hold.UNCHECKED] * 3, 1)
    scanning.ask_anew()


@pytest.mark.hardening("S-35")
def test_the_doctor_says_when_the_scanner_is_away_and_what_waits_for_it(app, world, visit, away):
    def told():
        return examine(Patient(dict(app.config), None, []))

    sent(visit(world.ren), "/tickets", PNG, **NEW)
    assert (told().state, "1 file waits to be checked" in told().sentence) == (State.BROKEN, True)
    with scanner(away):
        assert (told().state, "answers" in told().sentence) == (State.WELL, True)
    app.config["SCANNER"] = ""
    assert told().state == State.LOOK
    with socket.create_server(("127.0.0.1", 0)) as other:
        app.config["SCANNER"] = f"tcp://127.0.0.1:{other.getsockname()[1]}"
        monkey = pytest.MonkeyPatch()
        with monkey.context() as patch:
            patch.setattr(clamd, "ANSWER_SECONDS", 0.05)
            assert "does not answer in time" in told().sentence


def test_a_scanner_is_reached_by_a_socket_of_this_machine_too(tmp_path):
    with pytest.raises(clamd.Silent, match="cannot be reached: No such file"):
        clamd.ping(f"unix:{tmp_path}/clamd.ctl")
