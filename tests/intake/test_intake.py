"""What becomes of a mail: kept first and as it is, made a ticket or a reply, and never lost in between."""

import hashlib
import io
import os
import sqlite3
import subprocess
from datetime import timedelta

import pytest
from sqlalchemy import select

from informejo import clock, db, limits
from informejo.intake import inbound
from informejo.mail.models import IncomingMail, MailPicture, OutgoingMail
from informejo.mail.words import InState, Kind
from informejo.mime import quotes
from informejo.text import file_size
from informejo.tickets import files
from informejo.tickets.models import Comment, Ticket
from tests.intake.letters import PNG, come, ledger, letter, mailed
from tests.server import ROOT

LOGO, SCREEN = PNG + b"logo", PNG + b"screen"
REN = "ren@example.org"
TOMORROW = clock.now() + timedelta(days=1)


def names_of(ticket) -> list[str]:
    return [attachment.name for attachment in ticket.attachments]


class TestKeeping:
    def test_a_mail_is_on_disk_byte_for_byte_before_anybody_reads_it(self, world):
        raw = letter()
        mail = inbound.store(raw, "help", 1, 7)
        assert (mail.state, mail.size, files.read(mail.stored_name)) == (InState.NEW, len(raw), raw)

    def test_the_same_place_in_a_mailbox_is_the_same_mail(self, world):
        first = inbound.store(letter(), "help", 1, 7)
        assert inbound.store(letter(), "help", 1, 7) == first
        others = [inbound.store(letter(), *place) for place in (("help", 1, 8), ("help", 2, 7), ("it", 1, 7))]
        assert len({first.id, *(mail.id for mail in others)}) == len(ledger()) == 4

    def test_mails_that_come_without_a_place_are_each_kept(self, world):
        assert inbound.store(letter(), "standard input") != inbound.store(letter(), "standard input")

    def test_it_is_not_removed_as_a_stray_and_one_without_a_row_is(self, world):
        kept, stray = inbound.store(letter(), "help", 1, 7).stored_name, files.write(b"nobody knows me")
        assert [path.name for path in files.strays(TOMORROW)] == [stray]
        assert files.read(kept)

    def test_a_disk_that_is_not_mounted_takes_no_mail(self, app, world, tmp_path):
        inbound.store(letter(), "help", 1, 7)
        app.config["UPLOAD_DIR"] = str(tmp_path / "elsewhere")
        with pytest.raises(files.NoPlace):
            inbound.store(letter(), "help", 1, 8)
        assert len(ledger()) == 1


class TestMaking:
    def test_a_mail_becomes_a_ticket_with_its_files(self, world):
        mail = come(files=(("a/b\\log.txt", b"It blinks."), ("shot.png", SCREEN)))
        assert (mail.state, mail.ticket.title) == (InState.TICKET, "The scanner does not scan")
        assert mail.ticket.description == "It blinks, and nothing else happens."
        assert names_of(mail.ticket) == ["log.txt", "shot.png"]
        assert [attachment.media_type for attachment in mail.ticket.attachments] == ["text/plain", "image/png"]

    def test_what_no_form_would_take_still_opens_a_ticket(self, world):
        short, bare = come(subject="Hi", text="?"), come(subject="", text="")
        assert (short.ticket.title, short.ticket.description) == ("Hi", "?")
        assert (bare.ticket.title, bare.ticket.description) == ("(no subject)", "(no text)")
        long = come(subject="S" * 999, text="word " * 9_000)
        assert len(long.ticket.title) == limits.TITLE.most
        assert len(long.ticket.description) <= limits.DESCRIPTION.most
        assert long.ticket.description.endswith("(The mail goes on. All of it is kept with the original.)")

    def test_files_that_do_not_fit_are_named_below_the_text(self, app, world):
        app.config.update(MAX_FILE_SIZE=1_000, TICKET_QUOTA=1_500, MAX_FILES=3)
        parts = (("huge.bin", bytes(2_000)), ("one.bin", bytes(900)), ("two.bin", bytes(900)), ("four.txt", b"4"))
        mail = come(files=parts)
        assert names_of(mail.ticket) == ["one.bin"]
        for told in ("“huge.bin” is too large", "“two.bin” does not fit", "the mail has 1 more"):
            assert told in mail.ticket.description

    def test_what_did_not_fit_is_said_above_what_is_quoted(self, app, world):
        app.config["MAX_FILE_SIZE"] = 1_000
        ticket, quoted = world.ticket(), "On 1 Nov 2026 at 10:00 Help <help@desk.example> wrote:\n> What does it say?"
        sent = mailed(world.ren, ticket).message_id
        mail = come(sender=REN, in_reply_to=sent, text=f"See the file.\n\n{quoted}", files=(("log.bin", bytes(2_000)),))
        told = "(“log.bin” is too large: a file can have 1000 bytes at most. It is kept with the original mail.)"
        assert mail.comment.body == f"See the file.\n\n{told}\n\n{quoted}"
        assert quotes.split(mail.comment.body).rest == quoted

    def test_the_quota_counts_what_is_on_the_ticket_already(self, app, world):
        app.config["TICKET_QUOTA"] = 1_500
        ticket = world.ticket()
        for name, expected in (("one.bin", ["one.bin"]), ("two.bin", [])):
            sent = mailed(world.ren, ticket).message_id
            mail = come(sender=REN, in_reply_to=sent, files=((name, bytes(1_000)),))
            assert [attachment.name for attachment in mail.comment.attachments] == expected

    def test_a_logo_is_attached_once_and_a_screenshot_always(self, world):
        first = come(pictures=(("logo.png", LOGO),))
        again = come(pictures=(("logo.png", LOGO), ("shot.png", SCREEN)))
        assert (names_of(first.ticket), names_of(again.ticket)) == (["logo.png"], ["shot.png"])
        assert "left in the original" in again.reason
        assert names_of(come(sender="other@example.net", pictures=(("logo.png", LOGO),)).ticket) == ["logo.png"]
        assert names_of(come(files=(("logo.png", LOGO),)).ticket) == ["logo.png"]
        known = db.session.get(MailPicture, ("kim@example.net", hashlib.sha256(LOGO).hexdigest()))
        assert known.first_id == first.id

    def test_what_is_no_mail_waits_with_a_sentence(self, world):
        for raw, sentence in ((b"\0\1\2", "no mail"), (b"Subject: Hello\n\nWho am I?\n", "no address of a sender")):
            mail = come(raw)
            assert (mail.state, mail.ticket) == (InState.QUARANTINED, None)
            assert sentence in mail.reason

    def test_one_whose_file_is_gone_waits_and_stops_no_other(self, world):
        lost, whole = inbound.store(letter(), "help", 1, 1), inbound.store(letter(), "help", 1, 2)
        files.remove(lost.stored_name)
        inbound.take_all()
        assert [mail.state for mail in ledger()] == [InState.QUARANTINED, InState.TICKET]
        assert "bin/flask files" in db.session.get(IncomingMail, lost.id).reason
        assert whole

    @pytest.mark.parametrize("code", [sqlite3.SQLITE_BUSY, sqlite3.SQLITE_FULL])
    def test_a_database_that_takes_nothing_for_long_costs_a_mail_no_try(self, world, monkeypatch, code):
        inbound.store(letter(), "help", 1, 1)
        wrong = sqlite3.OperationalError("not now")
        wrong.sqlite_errorcode = code

        def fails(*_):
            raise wrong

        monkeypatch.setattr("informejo.intake.actions.place", fails)
        for minutes in range(0, 5 * inbound.MOST_TRIES + 5, 5):
            with clock.at(clock.now() + timedelta(minutes=minutes)), pytest.raises(sqlite3.OperationalError):
                inbound.take_all()
            assert [(mail.state, mail.tries) for mail in ledger()] == [(InState.NEW, 0)]
        monkeypatch.undo()
        with clock.at(clock.now() + timedelta(hours=1)):
            inbound.take_all()
        assert [mail.state for mail in ledger()] == [InState.TICKET]

    def test_one_that_was_taken_up_while_the_clock_was_far_ahead_is_read_now(self, world):
        mail = inbound.store(letter(), "help", 1, 1)
        mail.claimed_until, mail.tries = clock.now() + timedelta(days=400), 1
        db.commit()
        inbound.take_all()
        assert [mail.state for mail in ledger()] == [InState.TICKET]

    def test_an_error_on_the_way_leaves_nothing_half_done(self, world, monkeypatch):
        monkeypatch.setattr("informejo.intake.actions.place", lambda *_: 1 / 0)
        mail = come(files=(("log.txt", b"It blinks."),))
        assert mail.state == InState.QUARANTINED
        assert "ZeroDivisionError" in mail.reason
        assert not db.session.scalars(select(Ticket)).all()
        assert len(list(files.strays(TOMORROW))) == 0


class TestTooLarge:
    @pytest.fixture(autouse=True)
    def _largest(self, app):
        app.config["MAIL_LARGEST"] = 10_000

    def test_its_head_is_kept_and_its_sender_told(self, world):
        raw = letter(text="x" * 20_000)
        mail = come(raw)
        assert (mail.state, mail.sender, mail.ticket) == (InState.REFUSED, "kim@example.net", None)
        assert files.read(mail.stored_name) == raw.partition(b"\n\n")[0]
        (told,) = db.session.scalars(select(OutgoingMail)).all()
        assert (told.kind, told.address, told.incoming_id) == (Kind.REFUSED, "kim@example.net", mail.id)

    def test_its_sender_reads_how_much_is_taken_and_not_how_long_its_head_was(self, app, post, sink):
        mail = come(text="x" * 20_000)
        post.send()
        [(_, told)] = sink.mails
        for form in ("plain", "html"):
            said = told.get_body((form,)).get_content()
            assert f"larger than {file_size(app.config['MAIL_LARGEST'])}" in said
            assert file_size(mail.size) not in said

    @pytest.mark.parametrize("header", [{"auto_submitted": "auto-replied"}, {"precedence": "bulk"},
                                        {"sender": "help@desk.example"}])  # fmt: skip
    def test_no_machine_is_told(self, app, world, header):
        app.config["MAIL_FROM"] = "Help desk <help@desk.example>"
        assert come(text="x" * 20_000, **header).state == InState.REFUSED
        assert not db.session.scalars(select(OutgoingMail)).all()

    def test_one_within_the_limit_is_taken(self, world):
        assert come(text="x" * 9_000).state == InState.TICKET


class TestCommand:
    @pytest.fixture
    def receive(self, app):
        def receive(raw: bytes, *words: str):
            result = app.test_cli_runner().invoke(args=["receive-mail", *words], input=io.BytesIO(raw))
            db.session.rollback()
            return result

        return receive

    def test_it_keeps_one_mail_from_standard_input(self, world, receive):
        raw = letter()
        assert receive(raw).exit_code == 0
        assert receive(letter(), "--mailbox", "it").exit_code == 0
        assert [(mail.mailbox, mail.state) for mail in ledger()] == [
            ("standard input", InState.NEW), ("it", InState.NEW)]  # fmt: skip
        assert files.read(ledger()[0].stored_name) == raw

    def test_it_says_try_again_later_where_nothing_can_be_kept(self, app, world, receive, tmp_path):
        receive(letter())
        app.config["UPLOAD_DIR"] = str(tmp_path / "elsewhere")
        result = receive(letter())
        assert (result.exit_code, len(ledger())) == (75, 1)
        assert "not kept" in result.stderr

    def test_nor_is_one_given_up_for_a_fault_of_ours(self, world, receive, monkeypatch):
        monkeypatch.setattr(inbound, "store", lambda *_: 1 / 0)
        assert receive(letter()).exit_code == 75
        monkeypatch.undo()
        assert receive(letter()).exit_code == 0

    def test_nor_where_the_desk_cannot_even_begin(self, tmp_path):
        words, env = [ROOT / "bin/flask", "receive-mail"], os.environ | {"INFORMEJO_UNITS": str(tmp_path)}
        env |= {"MAIL_LARGEST": "many"}
        ended = subprocess.run(words, env=env, input=letter(), capture_output=True, check=False)
        assert ended.returncode == 75, ended.stderr

    def test_one_that_is_too_large_is_refused_and_not_tried_again(self, app, world, receive):
        app.config["MAIL_LARGEST"] = 10_000
        assert receive(letter(text="x" * 3_000_000)).exit_code == 0
        (mail,) = ledger()
        assert (mail.state, "2.9 MB" in mail.reason) == (InState.REFUSED, True)


def test_comments_have_no_more_than_the_limit_either(world):
    ticket = world.ticket()
    come(sender=REN, text="word " * 9_000, in_reply_to=mailed(world.ren, ticket).message_id)
    assert len(db.session.scalars(select(Comment)).one().body) <= limits.COMMENT.most
