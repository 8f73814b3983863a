"""People's text comes in clean, and names, sizes and excerpts are short and plain."""

import time
import unicodedata

import pytest
from hypothesis import given, strategies as st

from informejo import text

ANYTHING = st.text(st.characters(), max_size=200)


@given(ANYTHING)
def test_clean_text_is_composed_and_without_controls(typed):
    clean = text.clean_text(typed)
    assert unicodedata.is_normalized("NFC", clean)
    assert not any(unicodedata.category(c) in ("Cc", "Cs") and c not in "\t\n" for c in clean)
    assert text.clean_text(clean) == clean
    clean.encode()


@pytest.mark.hardening("X-30")
@given(ANYTHING)
def test_clean_line_is_one_line_with_nothing_hidden(typed):
    line = text.clean_line(typed)
    assert line == line.strip()
    assert len(line.splitlines()) <= 1
    assert not set(line) & set("\t\u200b\u200e\u200f\u202a\u202e\u2066\u2069\ufeff\u00ad\u3164")
    assert text.clean_line(line) == line


@given(st.text(st.characters(categories=["L", "N", "P", "Zs", "So"]), max_size=200))
def test_cleaning_leaves_ordinary_text_alone(typed):
    assert text.clean_text(typed) == unicodedata.normalize("NFC", typed)


def test_lines_end_the_same_way_whatever_was_sent():
    assert text.clean_text("a\r\nb\rc\n\r\n\td \0e") == "a\nb\nc\n\n\td e"


@pytest.mark.hardening("X-30", "H-23")
def test_a_name_cannot_be_made_to_look_like_another():
    assert text.clean_line(" Ada\u200b\nLove\u202elace\u2069 ") == "Ada Lovelace"
    assert text.clean_line("Ada\u200d") == text.clean_line("A\u200cda") == "Ada"
    assert text.clean_line("\u3164\u2060") == ""


@pytest.mark.parametrize(
    "name", ["می\u200cخواهم", "क्\u200dष", "👨\u200d👩\u200d👧", "❤️\u200d🔥", "Zoë  Ångström", "渡邉\U000e0100"]
)
def test_names_of_all_scripts_are_kept_as_they_are(name):
    assert text.clean_line(name) == name


@pytest.mark.parametrize("text_", ["", " \u2003", "\u0301\u0301", "\u2800", "\ufe0f", "\u200d"])
def test_what_shows_nothing_says_nothing(text_):
    assert not text.says_something(text_)
    assert text.says_something(f"{text_}ü")


@pytest.mark.parametrize("name", ["Zoë", "渡邉", "ᚠ2", "👍🏽", "\U0010fffd?", "می\u200cخواهم", "कि"])
def test_names_of_all_scripts_can_be_read(name):
    assert text.is_name(name)


def test_a_hundred_accents_stay_and_thousands_take_no_time():
    letter = "a" + "\u0316\u0301" * 50
    assert len(text.clean_text(letter)) == len(unicodedata.normalize("NFC", letter))
    started = time.process_time()
    text.clean_text("a" + "\u0316\u0301" * 60_000)
    assert time.process_time() - started < 1, "sorting them all takes many seconds"


@pytest.mark.parametrize(
    ("sent", "shown"),
    [
        ("report.pdf", "report.pdf"),
        ("Çalışma raporu – 日本.docx", "Çalışma raporu – 日本.docx"),
        ("../../etc/passwd", "passwd"),
        ("..\\..\\boot.ini", "boot.ini"),
        ("C:\\fakepath\\cat.png", "cat.png"),
        ("/etc/shadow", "shadow"),
        ("a/..", "file"),
        ("...", "file"),
        ("", "file"),
        (None, "file"),
        ("\u200b.htaccess", ".htaccess"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("cat.png. . ", "cat.png"),
        ("a\r\nSet-Cookie: b=c.txt", "a Set-Cookie: b=c.txt"),
        ("e\u0301.txt", "é.txt"),
        ("x" * 300 + ".tar.gz", "x" * 117 + ".gz"),
        ("No. " + "x" * 300, ("No. " + "x" * 300)[:120]),
    ],
)
def test_a_file_is_shown_under_its_name_and_no_path(sent, shown):
    assert text.shown_file_name(sent) == shown


@pytest.mark.hardening("H-23")
@given(ANYTHING | st.text("./\\ a\u200d\u202e", max_size=200))
def test_a_shown_file_name_is_always_one(sent):
    name = text.shown_file_name(sent)
    assert 1 <= len(name) <= 120
    assert name.strip(". ")
    assert not set(name) & set("/\\\n\t\0\u200b\u200c\u200d\u202e")
    assert text.shown_file_name(name) == name


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (0, "0 bytes"),
        (1, "1 byte"),
        (1023, "1023 bytes"),
        (1024, "1 kB"),
        (1536, "1.5 kB"),
        (2**20 - 1, "1 MB"),
        (10_485_760, "10 MB"),
        (3 * 2**40, "3072 GB"),
    ],
)
def test_sizes_are_said_as_people_say_them(size, words):
    assert text.file_size(size) == words
