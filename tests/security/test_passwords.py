"""Passwords are long, needed whole, and not to be guessed; a fresh desk has none."""

import threading
import time
import unicodedata
from concurrent.futures import ThreadPoolExecutor
from statistics import median

import pytest
from sqlalchemy import select

from informejo import db, rates
from informejo.accounts import actions
from informejo.accounts.models import User
from informejo.counting import key_of
from tests.waiting import until
from tests.world import PASSWORD


def sign_in(browser, email="ren@example.org", password=PASSWORD):
    return browser.post("/sign-in", data={"email": email, "password": password})


@pytest.mark.hardening("H-30")
def test_the_time_of_a_refusal_is_measured_for_known_unknown_and_closed_accounts(app, world, visit, record_property):
    """That the same work is done is shown elsewhere; how far apart the times lie is a figure, not a judgement."""
    took = {"ren@example.org": [], "nobody@example.org": [], "dan@example.org": []}
    for _ in range(15):
        for email, times in took.items():
            app.extensions["rates"].storage.reset()
            start = time.perf_counter()
            assert sign_in(visit(), email, "a wrong password").status_code == 422
            times.append(time.perf_counter() - start)
    medians = [median(times) * 1000 for times in took.values()]
    record_property("ms between the medians of refusals", round(max(medians) - min(medians), 1))


@pytest.mark.hardening("S-37", "F-18")
@pytest.mark.parametrize("password", [
    "x9$kQ!27mzPlw4&" + "lantern cactus " * 3,
    "lantern cactus violin tide " * 4 + "and so on to 128",
    " leading and trailing violins ",
    "🐎🔋📎 a stapled horse of course",
    "schöne grüße aus köln am rhein",
    unicodedata.normalize("NFD", "schöne grüße aus köln am rhein"),
])  # fmt: skip
def test_a_password_is_taken_as_typed_and_needed_whole(world, visit, password):
    account = {"name": "Nia", "email": "nia@example.org", "password": password, "again": password}
    assert visit().post("/register", data=account).status_code == 303
    for spelled in (password, unicodedata.normalize("NFC", password), unicodedata.normalize("NFD", password)):
        assert sign_in(visit(), "nia@example.org", spelled).status_code == 303
    for wrong in (password[:-1], password + " ", password.strip() + "x", password[:72] + "x", password.swapcase()):
        assert sign_in(visit(), "nia@example.org", wrong).status_code == 422


@pytest.mark.hardening("F-18", "S-37")
@pytest.mark.parametrize(("length", "status"), [(14, 422), (15, 303), (64, 303), (128, 303), (1024, 303), (1025, 422)])
def test_a_password_has_fifteen_to_a_thousand_and_twenty_four_characters(world, visit, length, status):
    password = ("lantern cactus violin tide " * 40)[:length]
    account = {"name": "Nia", "email": "nia@example.org", "password": password, "again": password}
    assert visit().post("/register", data=account).status_code == status


@pytest.mark.hardening("S-36")
def test_a_hundred_bad_tries_from_elsewhere_leave_a_known_browser_its_way_in(world, visit):
    known = visit()
    sign_in(known)  # counted as well: nobody knew this browser yet
    known.post("/sign-out")
    for number in range(100):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"192.0.2.{number}"}
        assert sign_in(stranger, password="wrong").status_code == (422 if number < 9 else 429)
    assert sign_in(known).status_code == 303


@pytest.mark.hardening("H-35", "F-17")
def test_a_thousand_tries_in_all_are_enough_whoever_makes_them(app, world, visit, monkeypatch):
    monkeypatch.setattr(actions, "sign_in", lambda email, password: None)
    statuses = []
    for _ in range(980):  # by others, earlier
        assert rates.has_room("sign-in")
    for number in range(21):
        stranger = visit()
        stranger.environ_base |= {"REMOTE_ADDR": f"10.0.{number // 250}.{number % 250}"}
        statuses.append(sign_in(stranger, f"{number}@example.org").status_code)
    assert statuses == [422] * 20 + [429]


@pytest.fixture
def crowd(app, world, monkeypatch):
    """`crowd(*who)`: the answers to people who sign in at once; ten of them are on their way before the first ends."""
    looked_at, ten = [], threading.Event()
    verify = actions.offload

    def wait(*call):
        looked_at.append(call)
        if len(looked_at) >= 10:
            ten.set()
        assert ten.wait(60)
        return verify(*call)

    def come(email, password):
        with app.app_context():
            browser = app.test_client()
            browser.environ_base |= {"HTTP_ORIGIN": "http://localhost"}
            return sign_in(browser, email, password).status_code

    def crowd(*who):
        with ThreadPoolExecutor(len(who)) as pool:
            return list(pool.map(come, *zip(*who, strict=True))), len(looked_at)

    monkeypatch.setattr(actions, "offload", wait)
    return crowd


@pytest.mark.hardening("H-35", "F-17")
def test_a_crowd_that_guesses_at_once_finds_out_no_more_than_one_by_one(crowd):
    answers, looked_at = crowd(*((f"{number}@example.org", "wrong") for number in range(25)))
    assert sorted(answers) == [422] * 10 + [429] * 15
    assert looked_at == 10


def test_whoever_waits_for_their_turn_to_sign_in_keeps_no_connection_from_others(crowd, monkeypatch):
    held, look = [], actions.offload

    def look_once_all_others_wait(*call):
        until(lambda: held or len(rates._turn._waiters) == 15)
        held.append(db.engine().pool.checkedout())
        return look(*call)

    monkeypatch.setattr(actions, "offload", look_once_all_others_wait)
    db.session.rollback()  # nor does this test
    crowd(*((f"{number}@example.org", "wrong") for number in range(25)))
    assert held[0] <= 10, "those who are looked at"


def test_an_office_that_begins_its_day_all_at_once_comes_in(crowd):
    answers, looked_at = crowd(*((f"{who}@example.org", PASSWORD) for who in ("ren", "mia", "zoe", "ana") * 6))
    assert (answers, looked_at) == ([303] * 24, 24)


@pytest.mark.hardening("S-39", "O-11", "H-48")
def test_a_fresh_desk_knows_nobody_and_no_password_opens_it(app, visit):
    assert db.session.scalars(select(User)).all() == []
    for email in ("admin@example.org", "admin", "admin@informejo.local"):
        for password in ("admin", "password", "informejo", "changeme", "admin123", ""):
            app.extensions["rates"].storage.reset()
            assert sign_in(visit(), email, password).status_code == 422


@pytest.mark.hardening("S-36")
@pytest.mark.parametrize("used_up", ["failed sign-in", "sign-in", "change by a visitor"])
def test_nobody_in_the_same_office_or_anywhere_shuts_a_known_browser_out(app, world, visit, used_up):
    known, stranger = visit(), visit()
    sign_in(known)
    known.post("/sign-out")
    with app.test_request_context():
        who = {"sign-in": "", "failed sign-in": key_of("127.0.0.1")}.get(used_up, "127.0.0.1")
        while rates.has_room(used_up, who):
            pass
    assert sign_in(stranger, "mia@example.org").status_code == 429
    if used_up != "change by a visitor":
        assert sign_in(known, "mia@example.org").status_code == 429, "for somebody else it is as strange as any"
    assert sign_in(known).status_code == 303
