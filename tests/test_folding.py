"""However a word was typed, it is the same word; and two words that differ for their reader stay two."""

import pytest
from hypothesis import example, given, strategies as st

from informejo.folding import fold, words_of

SAME = {
    "German, in capitals": ("öffnungszeiten", "ÖFFNUNGSZEITEN"),
    "German, without umlauts": ("offnungszeiten", "Öffnungszeiten"),
    "a sharp s": ("strasse", "Straße"),
    "Russian": ("принтер", "ПРИНТЕР"),
    "Russian, two dots left out": ("еще", "Ещё"),
    "Greek, in capitals and without accents": ("νίκος", "ΝΙΚΟΣ"),
    "Polish": ("lodz", "Łódź"),
    "Danish": ("smorrebrod", "SMØRREBRØD"),
    "Turkish, without dots": ("IŞIK", "ışık"),
    "Turkish, with dots": ("İZMİR", "izmir"),
    "Icelandic": ("thorfinnur aesir", "Þorfinnur ÆSIR"),
    "Vietnamese": ("nguyen duc", "Nguyễn Đức"),
    "accents of their own": ("cafe\N{COMBINING ACUTE ACCENT}", "CAFÉ"),
    "Hebrew with points": ("שלום", "שָׁלוֹם"),
    "Arabic with vowel signs and a stretched letter": ("محمد", "مُحَمَّـــد"),
    "Arabic, with and without hamza": ("احمد", "أحمد"),
    "Arabic digits": ("٣٤٠٤", "3404"),
    "Devanagari digits": ("३४", "34"),
    "wide letters and digits": ("ＰＣ１２", "pc12"),
    "half-wide katakana": ("ﾌﾟﾘﾝﾀｰ", "プリンター"),
    "a ligature": ("ofﬁce", "office"),
    "Hangul in pieces": ("\u1112\u1161\u11ab", "한"),
    "typographic quotes": ("don’t", "don't"),
    "a long dash": ("Wi–Fi", "wi-fi"),
    "a soft hyphen": ("print\u00ader", "printer"),
    "a space that does not break": ("paper\u00a0jam", "paper \t jam"),
    "a joiner": ("می\u200cخواهم", "میخواهم"),
}
DIFFERENT = {
    "Japanese, with another sound": ("か", "が"),
    "Hindi, with another vowel": ("का", "की"),
    "Thai, with another tone": ("ข่าว", "ข้าว"),
    "Korean": ("한", "하"),
    "Latin and Cyrillic": ("a", "а"),
    "signs": ("c++", "c#"),
}


@pytest.mark.parametrize(("one", "other"), SAME.values(), ids=SAME)
def test_one_word_is_found_however_it_was_typed(one, other):
    assert fold(one) == fold(other)


@pytest.mark.parametrize(("one", "other"), DIFFERENT.values(), ids=DIFFERENT)
def test_words_that_mean_something_else_are_not_taken_for_each_other(one, other):
    assert fold(one) != fold(other)


@given(st.text())
@example("ΰ")
@example("\N{LATIN SMALL LETTER N PRECEDED BY APOSTROPHE}")
def test_what_is_folded_is_folded_for_good(text):
    assert fold(fold(text)) == fold(text)


@given(st.text(st.characters(categories=["L", "N", "Zs"])))
def test_whoever_shouts_is_found_as_well(text):
    assert fold(text.upper()) == fold(text)


@pytest.mark.parametrize(
    ("search", "words"),
    [
        ("printer Paper  jam", ["printer", "paper", "jam"]),
        ("jam JAM jám", ["jam"]),
        ('"Paper  Jam" tray', ["paper jam", "tray"]),
        ("“Paper Jam” tray", ["paper jam", "tray"]),
        ('24" monitor', ["24", "monitor"]),
        ('"', []),
        ('""', []),
        ("\N{ACUTE ACCENT}", ["'"]),
        ("\N{COMBINING ACUTE ACCENT}", []),
        (" \t ", []),
        ("50%_x", ["50%_x"]),
    ],
)
def test_words_are_looked_for_one_by_one_and_what_is_quoted_as_a_whole(search, words):
    assert words_of(search) == words
