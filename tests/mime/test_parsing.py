"""Raw mail becomes one value, whatever it is made of; and whatever it is made of takes no longer than its length."""

import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, strategies as st

from informejo.mime import guards, quotes, reports
from informejo.mime.entities import MOST_LEVELS, MOST_PARTS
from informejo.mime.parsing import MOST_TEXT, Parsed, Unreadable, parse
from tests.mime.hostile import MAILS, Hostile

CORPUS = sorted((Path(__file__).parent / "corpus").glob("*.eml"))


def test_all_that_the_head_says_is_there():
    parsed = read(
        "Message-ID: <7.a@example.com>",
        "In-Reply-To: <6.a@example.com> (your mail)",
        "References: <1.a@example.com> <2.a@example.com>",
        " <6.a@example.com>",
        "From: Ann <Ann@Example.com>",
        "Reply-To: Office <office@example.com>",
        "To: help+7.3.abc@desk.example, Bob <bob@example.com>",
        "Cc: Eva <eva@example.com>",
        "Delivered-To: help@desk.example",
        "X-Original-To: help+7.3.abc@desk.example",
        "Date: Mon, 30 Nov 2026 10:00:00 +0100",
    )
    assert (parsed.message_id, parsed.in_reply_to) == ("<7.a@example.com>", ("<6.a@example.com>",))
    assert parsed.references == ("<1.a@example.com>", "<2.a@example.com>", "<6.a@example.com>")
    assert (parsed.sender, parsed.sender_name, parsed.reply_to) == ("ann@example.com", "Ann", "office@example.com")
    assert parsed.to == ("help+7.3.abc@desk.example", "bob@example.com")
    assert parsed.cc == ("eva@example.com",)
    assert parsed.delivered_to == ("help@desk.example", "help+7.3.abc@desk.example")
    assert parsed.date == datetime(2026, 11, 30, 9, tzinfo=UTC)
    assert parsed.headers["MESSAGE-ID"] == "<7.a@example.com>"
    assert parsed.oddities == ()


def test_what_the_head_does_not_say_is_empty():
    assert read("From: ann@example.com")._replace(headers=None) == Parsed(
        *("", (), (), "ann@example.com", "", "", (), (), (), "", None, "Hello", "", (), None, ())
    )


@pytest.mark.parametrize(
    "raw", [b"", b"\r\n\r\n", b"Hello there\n\nhow are you: fine\n", b"\x00\xff\x80" * 100, b"\xef\xbb\xbf"]
)
def test_what_has_no_head_is_no_mail(raw):
    with pytest.raises(Unreadable, match="no header"):
        parse(raw)


@pytest.mark.parametrize(
    "date", ["Mon, 30 Nov 2026 10:00:00 +0100", "30 Nov 26 10:00 +0100", "Mon, 30 Nov 2026 09:00:00 -0000"]
)
def test_dates_are_read_as_programs_write_them(date):
    assert read("From: a@b.c", f"Date: {date}").date == datetime(2026, 11, 30, 9, tzinfo=UTC)


@pytest.mark.parametrize("date", ["x", "Mon, 99 Nov 2026 10:00:00 +0100", "Mon, 30 Nov 99999 10:00:00"])
def test_a_date_that_is_none_is_none_and_said(date):
    parsed = read("From: a@b.c", f"Date: {date}")
    assert (parsed.date, parsed.oddities) == (None, ("Its date could not be read.",))


def test_a_text_has_an_end_and_the_ledger_is_told():
    parsed = parse(b"From: a@b.c\n\n" + b"word " * MOST_TEXT)
    assert len(parsed.text) <= MOST_TEXT
    assert len(parsed.oddities) == 1


@pytest.mark.parametrize("path", CORPUS, ids=[path.stem for path in CORPUS])
def test_a_mail_that_is_cut_off_anywhere_is_still_read(path):
    raw = path.read_bytes()
    for end in range(0, min(len(raw), 20_000), max(1, len(raw) // 40)):
        _look_at(raw[:end])


@given(st.data())
def test_no_change_of_a_mail_breaks_the_reading(data):
    raw = bytearray(data.draw(st.sampled_from(CORPUS)).read_bytes()[:20_000])
    for _ in range(data.draw(st.integers(1, 8))):
        place = data.draw(st.integers(0, len(raw)))
        new = data.draw(
            st.binary(max_size=8) | st.sampled_from([b"\n", b"\r", b"\0", b"=?", b"?=", b'"', b"--", b"<", b"\xff"])
        )
        raw[place : place + data.draw(st.integers(0, 9))] = new
    _look_at(bytes(raw))


@given(st.binary(max_size=2_000), st.booleans())
def test_no_bytes_break_the_reading(raw, with_head):
    _look_at(b"From: a@b.c\nContent-Type: multipart/mixed\n" * with_head + raw)


def _look_at(raw: bytes):
    """All that is done with a mail; it may be no mail, but nothing else may happen."""
    try:
        parsed = parse(raw)
    except Unreadable:
        return
    guards.is_automatic(parsed)
    guards.is_loop(parsed, ["help@desk.example"])
    assert guards.dmarc(parsed, "mx.desk.example") in ("pass", "fail", "")
    report = reports.read(parsed)
    assert report is None or report.action in reports.ACTIONS
    assert "".join(quotes.split(parsed.text)) == parsed.text
    assert "\0" not in parsed.text + parsed.subject
    assert len(parsed.text) <= MOST_TEXT
    assert len(parsed.parts) <= MOST_PARTS
    assert sum(len(part.content) for part in parsed.parts) <= MOST_LEVELS * len(raw)
    assert all(part.name for part in parsed.parts)


@pytest.mark.parametrize("name", MAILS)
def test_eight_times_the_mail_takes_about_eight_times_as_long(name):
    assert any(_takes_its_length(MAILS[name]) for _ in range(3))  # a machine may be busy, but not three times


def _takes_its_length(hostile: Hostile) -> bool:
    short, long = (min(_taken(hostile.mail(size)) for _ in range(3)) for size in (8_000, 64_000))
    return long < 24 * short + 0.02  # seconds; the square of it would be 64 times as long


def _taken(raw: bytes) -> float:
    begun = time.process_time()
    _look_at(raw)
    return time.process_time() - begun


def read(*lines: str) -> Parsed:
    return parse("\r\n".join([*lines, "", "Hello"]).encode())
