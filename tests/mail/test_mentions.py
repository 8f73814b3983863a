"""Whom a message calls by name: in every script, the longest name first, and never by accident."""

import sys
from typing import NamedTuple

import pytest

from informejo.mail.mentions import mentioned


class Person(NamedTuple):
    name: str
    email: str


MIA, TOM = Person("Mia Lund", "mia.lund@example.org"), Person("Tom Berg", "tom@x.org")
ZOE, LI, RAM = Person("Zoë Ångström", "zoe@x.org"), Person("王伟", "wang.wei@x.org"), Person("राम", "ram@x.org")
JULIA, AHMED = Person("Юлия Орлова", "julia@x.org"), Person("أحمد علي", "ahmed@x.org")
PEOPLE = [MIA, TOM, ZOE, LI, RAM, JULIA, AHMED]

CALLS = [
    ("@Mia", [MIA]),
    ("@mia, please look", [MIA]),
    ("Look here, @Mia Lund.", [MIA]),
    ('@"Mia Lund" knows', [MIA]),
    ("@„Mia Lund“ and @«Tom Berg»", [MIA, TOM]),
    ("@mia.lund", [MIA]),
    ("Thanks @mia.lund.", [MIA]),
    ("(@tom)", [TOM]),
    ("@Mia's idea", [MIA]),
    ("@Tom/@Mia", [TOM]),
    ("@Tom @Mia @Tom", [TOM, MIA]),
    ("*@Tom* and **@Mia**", [TOM, MIA]),
    ("> Who knows?\n\n@Tom does", [TOM]),
    ("@zoe angstrom", [ZOE]),
    ("@ZOË", [ZOE]),
    ("@Ｍｉａ", [MIA]),
    ("请@王伟看一下", [LI]),
    ("@राम, देखो", [RAM]),
    ("@юлия", [JULIA]),
    ("@ЮЛИЯ ОРЛОВА", [JULIA]),
    ("@أحمد علي", [AHMED]),
]
SILENT = [
    "Mia",
    "@Miami",
    "@ Mia",
    "@mia.lu",
    "@Mia-Sophie",
    "@Mia_2",
    "@tom@example.org",
    "write to mia@tom.example",
    "someone@tom",
    "https://example.org/@tom",
    "`@Tom`",
    "```\n@Tom\n```",
    '@"Mias Lund"',
    "@रामा",
    "@@tom",
    '@""',
    "> @Tom wrote\n\nAnd I say",
    "I look into it.\n\nOn Monday Ann Lee <ann@example.org> wrote:\n> @Tom, please",
    "I look into it.\n\n-----Original Message-----\nFrom: Ann\nSent: Monday\nTo: Help\n\n@Tom, please",
    "@",
]


@pytest.mark.parametrize(("body", "called"), CALLS)
def test_a_name_after_an_at_calls_that_person(body, called):
    assert mentioned(body, PEOPLE) == called


@pytest.mark.parametrize("body", SILENT)
def test_what_only_looks_like_a_name_calls_nobody(body):
    assert mentioned(body, PEOPLE) == []


def test_a_first_name_that_two_have_calls_nobody_and_their_whole_names_do():
    other = Person("Mia Berg", "m.berg@x.org")
    assert mentioned("@Mia", [MIA, other]) == []
    assert mentioned("@Mia Berg and @Mia Lund and @mia.lund", [MIA, other]) == [other, MIA]


def test_a_whole_name_that_two_have_calls_nobody_and_their_addresses_do():
    other = Person("Mia Lund", "m2@x.org")
    assert mentioned("@Mia Lund", [MIA, other]) == []
    assert mentioned("@m2", [MIA, other]) == [other]


def test_the_longest_name_that_fits_counts():
    short, long = Person("Jan", "j1@x.org"), Person("Jan Maria", "j2@x.org")
    assert mentioned("@Jan Maria", [short, long]) == [long]
    assert mentioned("@Jan Mariano", [short, Person("Tom", "t@x.org")]) == [short]


@pytest.mark.parametrize("piece", ["@", "@mia ", "@m", '@"', "@é ", "`@", "@王", "@mia.lund@"])
def test_a_long_message_takes_steps_as_it_is_long(piece):
    short, long = steps((piece * 2_000)[:2_000]), steps((piece * 16_000)[:16_000])
    assert 100 < long < 10 * short + 10_000


def steps(text: str) -> int:
    """How many functions are called for it."""
    calls = []
    sys.setprofile(lambda _frame, event, _arg: calls.append(event) if "call" in event else None)
    try:
        mentioned(text, PEOPLE)
    finally:
        sys.setprofile(None)
    return len(calls)
