"""When a mail is due: at once, in a bundle, once a day, after quiet hours; by the clock on the reader's own wall."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings, strategies as st

from informejo import db
from informejo.mail import actions, choices
from informejo.mail.choices import Choices
from informejo.mail.words import Kind, Pace, Why
from tests.mail.deciding import mails_to
from tests.mail.facts import Person
from tests.mail.walls import when

NOON = datetime(2026, 6, 15, 12, tzinfo=UTC)
OSLO = "Europe/Oslo"  # clocks go from 2 to 3 at 1:00 UTC on 2026-03-29, and from 3 to 2 at 1:00 UTC on 2026-10-25


def at(text: str) -> datetime:
    return datetime.fromisoformat(f"{text}+00:00")


def clock_time(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def quiet(begin: str, end: str, **more) -> Choices:
    return Choices(quiet_from=clock_time(begin), quiet_to=clock_time(end), **more)


def test_who_chose_nothing_is_mailed_at_once():
    assert choices.due(Choices(), NOON, "") == (NOON, "")


def test_a_bundle_is_due_after_its_minutes_and_says_when():
    due = choices.due(Choices(pace=Pace.BUNDLED, bundle_minutes=30), NOON, OSLO)
    assert due == (at("2026-06-15 12:30"), "Bundle at 2026-06-15 14:30, Europe/Oslo")


@pytest.mark.parametrize(
    ("zone", "now", "due"),
    [
        ("", "2026-06-15 07:59", "2026-06-15 08:00"),
        ("", "2026-06-15 08:00", "2026-06-16 08:00"),
        (OSLO, "2026-06-15 07:00", "2026-06-16 06:00"),
        (OSLO, "2026-12-15 06:30", "2026-12-15 07:00"),
        ("Asia/Kathmandu", "2026-06-15 02:14", "2026-06-15 02:15"),
        ("Pacific/Kiritimati", "2026-06-15 12:00", "2026-06-15 18:00"),
        ("No/Where", "2026-06-15 07:59", "2026-06-15 08:00"),
    ],
)
def test_the_daily_mail_is_due_at_that_time_of_the_readers_own_day(zone, now, due):
    assert choices.due(Choices(pace=Pace.DAILY, daily_at=480), at(now), zone)[0] == at(due)


@pytest.mark.parametrize(
    ("now", "due"),
    [
        ("2026-06-15 19:59", "2026-06-15 19:59"),
        ("2026-06-15 20:00", "2026-06-16 05:00"),
        ("2026-06-15 23:00", "2026-06-16 05:00"),
        ("2026-06-16 04:59", "2026-06-16 05:00"),
        ("2026-06-16 05:00", "2026-06-16 05:00"),
    ],
)
def test_quiet_hours_reach_over_midnight(now, due):
    assert choices.due(quiet("22:00", "7:00"), at(now), OSLO)[0] == at(due)


def test_quiet_hours_within_a_day_end_on_that_day():
    found = choices.due(quiet("12:00", "13:30"), NOON, "")
    assert found == (at("2026-06-15 13:30"), "Quiet hours end at 2026-06-15 13:30, UTC")


def test_quiet_hours_that_begin_when_they_end_are_none():
    assert choices.due(quiet("12:00", "12:00"), NOON, "")[0] == NOON


def test_a_bundle_and_a_daily_mail_wait_for_the_end_of_quiet_hours():
    assert choices.due(quiet("12:15", "13:00", pace=Pace.BUNDLED), NOON, "")[0] == at("2026-06-15 13:00")
    assert choices.due(quiet("22:00", "9:00", pace=Pace.DAILY), NOON, "")[0] == at("2026-06-16 09:00")


@pytest.mark.parametrize(
    ("begin", "end", "now", "due"),
    [
        ("22:00", "2:30", "2026-03-28 23:00", "2026-03-29 01:00"),  # there is no 2:30: it ends when 3:00 is shown
        ("2:30", "4:00", "2026-03-29 01:00", "2026-03-29 02:00"),  # nor does it begin later than that
        ("2:30", "4:00", "2026-03-29 00:59", "2026-03-29 00:59"),
        ("2:10", "2:50", "2026-03-29 01:00", "2026-03-29 01:00"),  # nothing of it is there on that day
        ("22:00", "2:30", "2026-10-25 00:29", "2026-10-25 01:30"),  # 2:30 is shown twice: it ends with the second
        ("22:00", "2:30", "2026-10-25 00:45", "2026-10-25 01:30"),
        ("22:00", "2:30", "2026-10-25 01:30", "2026-10-25 01:30"),
        ("2:30", "4:00", "2026-10-25 00:30", "2026-10-25 03:00"),  # and begins with the first
        ("22:00", "7:00", "2026-03-28 22:00", "2026-03-29 05:00"),
        ("22:00", "7:00", "2026-10-24 22:00", "2026-10-25 06:00"),
    ],
)
def test_quiet_hours_are_right_when_clocks_are_changed(begin, end, now, due):
    assert choices.due(quiet(begin, end), at(now), OSLO)[0] == at(due)


@pytest.mark.parametrize(
    ("daily_at", "now", "due"),
    [
        ("2:30", "2026-03-28 12:00", "2026-03-29 01:00"),  # skipped: when clocks are put forward
        ("2:30", "2026-10-24 12:00", "2026-10-25 00:30"),  # shown twice: the first time, and not again
        ("2:30", "2026-10-25 00:30", "2026-10-26 01:30"),
    ],
)
def test_the_daily_mail_comes_once_also_when_clocks_are_changed(daily_at, now, due):
    chosen = Choices(pace=Pace.DAILY, daily_at=clock_time(daily_at))
    assert choices.due(chosen, at(now), OSLO)[0] == at(due)


def test_a_day_that_a_place_left_out_delays_nothing_for_ever():
    chosen = Choices(pace=Pace.DAILY, daily_at=480)  # Samoa had no 2011-12-30
    assert choices.due(chosen, at("2011-12-29 19:00"), "Pacific/Apia")[0] == at("2011-12-30 10:00")


minutes = st.integers(0, 24 * 60 - 1)


@given(
    st.fixed_dictionaries(
        {"pace": st.sampled_from(Pace), "bundle_minutes": st.integers(1, 1440), "daily_at": minutes}
        | {"quiet_from": minutes, "quiet_to": minutes}
    ),
    st.sampled_from(["", OSLO, "Australia/Lord_Howe", "America/St_Johns", "America/Santiago", "Asia/Kathmandu"]),
    st.sampled_from([at(f"2026-{day} 12:00") for day in ("03-28", "10-24", "04-04", "09-05", "03-07", "06-15")]),
    st.integers(0, 24 * 60),
)
@settings(max_examples=100)
def test_it_is_due_when_somebody_who_watched_the_clock_would_say(chosen, zone, noon, after):
    if chosen["quiet_from"] == chosen["quiet_to"]:
        chosen |= {"quiet_from": None, "quiet_to": None}
    now = noon + timedelta(minutes=after)
    found, _ = choices.due(Choices(**chosen), now, zone)
    assert found == when(Person(1, True, True, True, zone, chosen), now)


def test_each_reason_has_its_switch(world):
    assert all(choices.wants(Choices(all_new=True), why, Kind.MESSAGE) for why in Why)
    switches = {
        Why.REQUESTER: "mine",
        Why.ASSIGNEE: "assigned",
        Why.MENTIONED: "mentioned",
        Why.WATCHER: "watched",
        Why.NEW: "all_new",
        Why.REMINDER: "mine",
    }
    for why, switch in switches.items():
        off = Choices(**({"all_new": True} | {switch: False}))
        assert [each for each in Why if not choices.wants(off, each, Kind.MESSAGE)] == [
            each for each, its in switches.items() if its == switch
        ]
        assert not choices.wants(off, why, Kind.MESSAGE)


def test_the_receipt_has_a_switch_of_its_own():
    assert not choices.wants(Choices(receipt=False), Why.REQUESTER, Kind.OPENED)
    assert choices.wants(Choices(receipt=False), Why.REQUESTER, Kind.MESSAGE)
    assert choices.wants(Choices(mine=False), Why.REQUESTER, Kind.OPENED)


def test_a_mail_about_ones_own_account_cannot_be_switched_off():
    nothing = Choices(*[False] * 6)
    assert choices.wants(nothing, Why.ACCOUNT, Kind.PASSWORD)
    assert not any(choices.wants(nothing, why, Kind.MESSAGE) for why in Why if why != Why.ACCOUNT)


def test_administrators_hear_of_every_new_ticket_until_they_choose_not_to(world):
    assert choices.of(world.ana).all_new
    assert not choices.of(world.mia).all_new
    actions.save_choices(world.ana, all_new=False)
    assert not choices.of(world.ana).all_new


def test_what_was_not_chosen_stays_as_it_was(world):
    actions.save_choices(world.mia, pace=Pace.DAILY, daily_at=600)
    actions.save_choices(world.mia, watched=False)
    db.commit()
    assert choices.of(world.mia) == Choices(pace=Pace.DAILY, daily_at=600, watched=False)


def test_quiet_hours_are_kept_as_two_or_not_at_all(world):
    actions.save_choices(world.mia, quiet_from=600, quiet_to=660)
    assert choices.of(world.mia).quiet_from == 600
    actions.save_choices(world.mia, quiet_to=None)
    assert (choices.of(world.mia).quiet_from, choices.of(world.mia).quiet_to) == (None, None)


def test_what_waits_goes_by_what_they_choose_now(world):
    mails_to(world.ana)
    actions.save_choices(world.ana, pace=Pace.DAILY)
    world.ticket()
    (bundle,) = mails_to(world.ana)
    before = bundle.due_at
    actions.save_choices(world.ana, pace=Pace.BUNDLED, bundle_minutes=1)
    db.commit()
    assert bundle.due_at < before
    assert bundle.verdicts[0].detail.startswith("Bundle at")
