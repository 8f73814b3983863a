"""What is counted against guessing survives a restart, names nobody, and says when it is over."""

import re
from datetime import datetime, timedelta
from functools import partial

import pytest
from limits.strategies import MovingWindowRateLimiter
from sqlalchemy import select

from informejo import clock, cookies, counting, db
from informejo.accounts.models import Count
from informejo.counting import Counts
from informejo.guests.link_actions import make_link
from informejo.ops.prune import prune
from tests.factors.conftest import MIA, mias
from tests.live import dom
from tests.world import PASSWORD

__all__ = ["mias"]
NEW = {"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}


def fail(browser, email="ren@example.org", password="wrong"):
    return browser.post("/sign-in", data={"email": email, "password": password})


def restart(app):
    app.extensions["rates"] = MovingWindowRateLimiter(Counts())


@pytest.mark.hardening("H-35", "F-17")
def test_failed_sign_ins_survive_a_restart(app, world, visit):
    for number in range(10):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert fail(stranger).status_code == 422
    restart(app)
    assert fail(visit(), password=PASSWORD).status_code == 429, "of one account, from wherever"
    assert fail(visit(), "zoe@example.org", PASSWORD).status_code == 303


def test_where_they_cannot_be_read_just_now_they_are_the_next_time(app, world, visit, monkeypatch):
    for number in range(10):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        fail(stranger)
    restart(app)
    with monkeypatch.context() as broken:
        broken.setattr(Counts, "_kept", lambda *_: 1 / 0)
        assert fail(visit(), password=PASSWORD).status_code == 500
    assert fail(visit(), password=PASSWORD).status_code == 429


@pytest.mark.hardening("H-35")
def test_a_link_to_one_ticket_is_no_browser_that_its_owner_used_before(world, visit):
    """A mail is forwarded, and its code makes a link as often as somebody types it: each would have its own tries."""
    known = visit(world.ren)
    known.post("/sign-out")
    holder = visit()
    holder.set_cookie(cookies.cookie_name(), make_link(world.ren, world.ticket()).token)
    db.commit()
    for number in range(10):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        fail(stranger)
    assert fail(holder, password=PASSWORD).status_code == 429
    assert fail(known, password=PASSWORD).status_code == 303


@pytest.mark.hardening("H-35")
def test_so_do_those_from_one_address(app, world, visit):
    assert [fail(visit(), f"{n}@example.org").status_code for n in range(10)] == [422] * 10
    restart(app)
    assert fail(visit(), password=PASSWORD).status_code == 429


def test_they_end_when_they_would_have_ended(app, world, visit):
    for number in range(10):
        fail(visit(), f"{number}@example.org")
    restart(app)
    with clock.at(clock.now() + timedelta(minutes=4)):
        waits = int(fail(visit()).headers["Retry-After"])
    assert 30 < waits <= 60
    restart(app)
    with clock.at(clock.now() + timedelta(minutes=6)):
        assert fail(visit(), password=PASSWORD).status_code == 303


def test_what_succeeds_leaves_no_row_and_what_fails_names_nobody(app, world, visit):
    fail(visit(), password=PASSWORD)
    assert not db.session.scalars(select(Count)).all()
    fail(visit())
    rows = db.session.scalars(select(Count)).all()
    failures = {counting.IN_A_ROW, counting.IN_ALL}
    assert {row.what for row in rows} == {"failed sign-in", "failed sign-in of an account"} | failures
    assert all(re.fullmatch("[0-9a-f]{64}", row.who) for row in rows)


def test_a_clock_that_is_put_back_locks_nobody_out_for_longer(app, world, visit):
    for number in range(10):
        fail(visit(), f"{number}@example.org")
    restart(app)
    with clock.at(clock.now() - timedelta(hours=5)):
        assert int(fail(visit()).headers["Retry-After"]) <= 300


@pytest.mark.hardening("S-36")
def test_a_hundred_bad_tries_and_a_restart_leave_a_known_browser_its_way_in(app, world, visit):
    known = visit(world.ren)
    known.post("/sign-out")
    for number in range(100):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        fail(stranger)
    restart(app)
    assert fail(known, password=PASSWORD).status_code == 303


def test_whoever_tried_too_often_reads_when_to_try_again_and_keeps_what_they_typed(app, world, visit):
    for number in range(10):
        fail(visit(), f"{number}@example.org")
    before = clock.now()
    answer = fail(visit())
    page = dom.read(answer.text).find("main")
    [moment] = page.all("time")
    assert before < datetime.fromisoformat(moment["datetime"]) <= before + timedelta(minutes=5, seconds=1)
    [form] = page.all("form")
    typed = {field["name"]: field.attributes.get("value", "") for field in form.all("input")}
    assert (typed["email"], typed["password"]) == ("ren@example.org", "")


def test_old_ones_are_thrown_away(app, world, visit, tmp_path):
    fail(visit())
    with clock.at(clock.now() + timedelta(hours=23)):
        assert dict(prune(tmp_path))["counted tries"] == 0
    with clock.at(clock.now() + timedelta(hours=25)):
        assert dict(prune(tmp_path))["counted tries"] == 2
    with clock.at(clock.now() + timedelta(days=366)):
        assert dict(prune(tmp_path))["counted tries"] == 2, "which stood in a row for a year"
    assert not db.session.scalars(select(Count)).all()


def slowly(visit, *attempts):
    """The answers to these requests, each half an hour and another address after the one before."""
    answers, now = [], clock.now()
    for number, attempt in enumerate(attempts):
        with clock.at(now + number * timedelta(minutes=30)):
            browser = visit()
            browser.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
            answers.append(attempt(browser).status_code)
    return answers


@pytest.mark.hardening("F-17", "S-36", "H-30")
def test_after_so_many_failures_in_a_row_no_stranger_guesses_on_however_slowly(
    app, world, visit, monkeypatch, tmp_path
):
    assert counting.MOST_IN_A_ROW == 100
    monkeypatch.setattr(counting, "MOST_IN_A_ROW", 3)
    known = visit()
    fail(known, password=PASSWORD)
    known.post("/sign-out")
    right = partial(fail, password=PASSWORD)
    assert slowly(visit, fail, fail, right, fail, fail, fail, right) == [422, 422, 303, 422, 422, 422, 422]
    stopped = fail(visit(), password=PASSWORD)
    assert "hundred wrong passwords" in stopped.text
    restart(app)
    with clock.at(clock.now() + timedelta(days=90)):
        prune(tmp_path)
        assert right(visit()).status_code == 422
    assert [fail(known).status_code, right(known).status_code] == [422, 303], "a browser they know is theirs"
    assert right(visit()).status_code == 303, "and what it proves counts for all"


@pytest.mark.hardening("H-30")
def test_after_so_many_no_stranger_learns_who_is_known_or_comes_in_meanwhile(app, world, visit, monkeypatch):
    monkeypatch.setattr(counting, "MOST_IN_A_ROW", 3)

    def told(email, owner) -> list[tuple[int, str]]:
        answers, now = [], clock.now()
        for number in range(6):
            with clock.at(now + number * timedelta(minutes=30)):
                app.extensions["rates"].storage.reset()
                answer = fail(visit(), email)
                answers.append((answer.status_code, answer.text.replace(email, "")))
                if owner and number % 2:
                    assert fail(owner, email, PASSWORD).status_code == 303
        return answers

    known = visit()
    fail(known, password=PASSWORD)
    unknown, active = told("nobody@example.org", None), told("ren@example.org", known)
    assert active == unknown
    assert ["a hundred wrong passwords" in text for _, text in active] == [False] * 2 + [True] * 4


@pytest.mark.hardening("F-17")
def test_the_same_holds_of_a_second_factor_and_where_one_is_asked_again(world, mias, visit, monkeypatch):
    monkeypatch.setattr(counting, "MOST_IN_A_ROW", 2)
    half, inside = visit(), visit(world.mia)
    half.post("/sign-in", data=MIA)
    codes = ["000000", "000000", mias.digits(), mias.codes[0]]
    assert [half.post("/sign-in/second", data={"code": code}).status_code for code in codes] == [422] * 4
    assert "hundred wrong codes" in half.post("/sign-in/second", data={"code": mias.digits()}).text
    passwords = ["wrong", "wrong", PASSWORD]
    assert [inside.post("/prove", data={"password": one}).status_code for one in passwords] == [422] * 3
    assert inside.post("/profile/password", data=NEW | {"current": PASSWORD}).status_code == 403
