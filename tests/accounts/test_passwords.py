"""Passwords are kept as slow hashes, compared whatever the keyboard sent, and refused when they are easy to guess."""

import time
import unicodedata
from statistics import median

import pytest

from informejo.accounts import passwords
from informejo.accounts.passwords import hash_password, verify, weakness
from tests import quick

GOOD = "correct horse battery"


@pytest.fixture
def slow(monkeypatch):
    """Hashes take as long as they do for people."""
    monkeypatch.setattr(*quick.as_it_is("hasher"))
    monkeypatch.setattr(*quick.as_it_is("nobody"))


@pytest.mark.hardening("S-51", "F-18")
def test_a_password_is_kept_as_argon2id_and_never_as_itself(slow):
    kept = hash_password(GOOD)
    assert kept.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert GOOD not in kept
    assert kept != hash_password(GOOD)


@pytest.mark.hardening("S-37")
def test_only_the_whole_password_fits():
    kept = hash_password("x" * 100 + "y")
    assert verify(kept, "x" * 100 + "y")
    assert not verify(kept, "x" * 100 + "z")
    assert not verify(kept, "x" * 72)


@pytest.mark.hardening("S-37")
@pytest.mark.parametrize(
    "password", ["  leading and trailing  ", "🐎🔋📎 correct", "a\tb\nc\0d and more", GOOD.upper()]
)
def test_nothing_is_trimmed_or_changed(password):
    kept = hash_password(password)
    assert verify(kept, password)
    assert not verify(kept, password.strip() + "x")
    assert not verify(kept, password.swapcase() + " ")


@pytest.mark.hardening("S-37")
def test_an_umlaut_is_the_same_from_every_keyboard():
    composed, taken_apart = (unicodedata.normalize(form, "schöne grüße aus köln") for form in ("NFC", "NFD"))
    assert composed != taken_apart
    assert verify(hash_password(composed), taken_apart)
    assert verify(hash_password(taken_apart), composed)


@pytest.mark.hardening("F-18")
def test_what_is_too_long_is_refused_before_it_costs_anything(monkeypatch):
    monkeypatch.setattr(passwords, "_hasher", None)
    with pytest.raises(ValueError, match="1024"):
        hash_password("x" * 1_025)
    assert not verify("whatever", "x" * 1_025)


@pytest.mark.parametrize("kept", [None, "", "not a hash"])
def test_without_a_hash_nothing_fits(kept):
    assert not verify(kept, GOOD)


def test_somebody_unknown_takes_as_long_as_somebody_known(slow):
    kept = hash_password(GOOD)

    def took(hashed):
        start = time.process_time()
        verify(hashed, "a wrong password")
        return time.process_time() - start

    known, unknown = (median(took(hashed) for _ in range(9)) for hashed in (kept, None))
    assert unknown == pytest.approx(known, rel=0.5)


@pytest.mark.hardening("F-18", "S-37")
@pytest.mark.parametrize(
    "password",
    [
        "password1234567",
        "P@ssw0rd1234567",
        "123456789012345",
        "qwertyuiop12345",
        "aaaaaaaaaaaaaaa",
        "               ",
        "iloveyou1234567",
        "informejo123456",
        "helpdeskhelpdesk",
        "ren@example.org",
    ],
)
def test_what_everybody_guesses_is_refused(password):
    assert "easy to guess" in weakness(password, "ren@example.org", "Ren Ito")


@pytest.mark.parametrize(
    "password",
    [
        GOOD,
        "vier rote ballons im wind",
        "x9$kQ!27mzPlw4&",
        "四つの言葉は互いに関係がありません",
        "🐎🔋📎 a stapled horse",
    ],
)
def test_what_nobody_guesses_is_taken(password):
    assert weakness(password, "ren@example.org", "Ren Ito") is None


@pytest.mark.hardening("F-18", "S-37")
def test_too_short_and_too_long_are_said_with_numbers():
    assert weakness("x9$kQ!27mzPlw4") == "A password needs at least 15 characters; this has 14."
    assert weakness("x" * 1_025) == "At most 1,024 characters fit here; this has 1,025."


def test_looking_for_weakness_takes_less_than_seconds():
    start = time.process_time()
    weakness("".join("4@8({[<3€9!1|0$5+7%2"[i * 7 % 20] for i in range(1_024)))
    assert time.process_time() - start < 5
