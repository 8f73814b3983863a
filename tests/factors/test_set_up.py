"""One's own second factor: an app is added with its first right digits, recovery codes are shown once."""

import re

import pytest
from pyotp import TOTP
from sqlalchemy import select

from informejo import clock, db
from informejo.events import log
from informejo.events.names import EventName
from informejo.factors import actions
from informejo.factors.code_actions import use_code
from informejo.factors.models import Authenticator, RecoveryCode
from informejo.factors.queries import factors_of
from tests.factors.conftest import CODE, MIA, App

HERE = "/profile/security"
APP = f"{HERE}/authenticator"
SECRET = re.compile(r'<code class="secret">([A-Z2-7 ]+)</code>')


def digits_on(page) -> str:
    secret = SECRET.search(page.text)[1].replace(" ", "")
    return TOTP(secret).at(clock.now().timestamp())


@pytest.mark.hardening("S-40")
def test_an_app_is_shown_a_picture_and_counts_from_its_first_right_digits_on(world, visit):
    browser = visit(world.mia)
    assert browser.post(APP).location == APP
    page = browser.get(APP)
    assert "<svg viewBox" in page.text
    assert "otpauth://totp/" in page.text
    assert " style=" not in page.text, "the content security policy forbids it"
    assert page.headers["Cache-Control"] == "no-store"
    assert browser.post(f"{APP}/confirmation", data={"code": "000000"}).status_code == 422
    assert not factors_of(world.mia).any
    assert visit().post("/sign-in", data=MIA).location == "/"
    done = browser.post(f"{APP}/confirmation", data={"code": digits_on(page)})
    assert len(set(CODE.findall(done.text))) == 10
    assert visit().post("/sign-in", data=MIA).location == "/sign-in/second"
    assert "It is on" in browser.get(HERE).text
    assert not CODE.search(browser.get(HERE).text)
    assert browser.get(APP).location == HERE, "the secret is never shown again"


def test_an_app_is_shown_a_picture_of_the_longest_names_too(app, world, visit):
    app.config["DESK_NAME"], world.mia.email = "机" * 60, f"{'机' * 200}@example.org"
    db.commit()
    browser = visit(world.mia)
    browser.post(APP)
    assert "<svg viewBox" in browser.get(APP).text


def test_the_log_says_that_it_changed_and_no_secret(world, visit):
    app = App(world.mia)
    use_code(world.mia, app.codes[0])
    actions.new_codes(world.mia)
    visit(world.mia).post(f"{APP}/removal")
    said = [event.changes for event in log.since(0) if event.name == EventName.USER_UPDATED]
    assert said == [
        {"second_factor": ["off", "on"]},
        {"recovery_codes": [10, 9]},
        {"recovery_codes": [9, 10]},
        {"second_factor": ["on", "off"]},
    ]
    assert app.secret not in str(said)


def test_a_secret_that_was_never_confirmed_is_replaced(world, visit):
    browser = visit(world.mia)
    browser.post(APP)
    first = browser.get(APP)
    browser.post(APP)
    assert browser.post(f"{APP}/confirmation", data={"code": digits_on(first)}).status_code == 422
    assert browser.post(f"{APP}/confirmation", data={"code": digits_on(browser.get(APP))}).status_code == 200


def test_one_that_counts_is_not_replaced_unnoticed(world, visit):
    app = App(world.mia)
    assert visit(world.mia).post(APP).status_code == 422
    assert db.session.get(Authenticator, world.mia.id).secret == app.secret


def test_confirming_twice_is_done_once_and_whoever_saw_no_codes_is_led_to_new_ones(world, visit):
    browser = visit(world.mia)
    browser.post(APP)
    wide = "".join(chr(ord(digit) + 0xFEE0) for digit in digits_on(browser.get(APP)))
    code = {"code": f"{wide[:3]} {wide[3:]}"}
    assert browser.post(f"{APP}/confirmation", data=code).status_code == 200
    again = browser.post(f"{APP}/confirmation", data=code, follow_redirects=True)
    assert "If you have not seen your recovery codes, make new ones below." in again.text
    assert "Make new codes" in again.text
    assert len(db.session.scalars(select(RecoveryCode)).all()) == 10


def test_whoever_was_too_slow_is_told_to_begin_anew(world, visit):
    browser = visit(world.mia)
    browser.post(APP)
    code = {"code": digits_on(browser.get(APP))}
    actions.end_halves(world.mia)
    db.commit()
    assert browser.get(APP).location == HERE
    late = browser.post(f"{APP}/confirmation", data=code, follow_redirects=True)
    assert "Add the app once more" in late.text
    assert not factors_of(world.mia).any


@pytest.mark.hardening("S-40")
def test_another_sign_in_of_the_same_person_is_not_shown_the_secret(world, visit):
    """A session that somebody else has got hold of, say: with the secret they would make the same digits for good."""
    browser, other = visit(world.mia), visit(world.mia)
    browser.post(APP)
    other.post(APP)
    secrets = [SECRET.search(each.get(APP).text)[1] for each in (browser, other)]
    assert len(set(secrets)) == 2
    assert browser.post(f"{APP}/confirmation", data={"code": digits_on(browser.get(APP))}).status_code == 200
    assert other.get(APP).location == HERE


def test_new_codes_void_the_old_ones_and_few_are_warned_of(world, visit):
    app, browser = App(world.mia), visit(world.mia)
    new = CODE.findall(browser.post(f"{HERE}/codes").text)
    assert not use_code(world.mia, app.codes[0])
    for code in new[:7]:
        assert use_code(world.mia, code)
    db.commit()
    assert "3 are left" in (page := browser.get(HERE).text)
    assert "Make new ones" not in page
    assert use_code(world.mia, new[7])
    db.commit()
    assert "2 are left. Make new ones" in " ".join(browser.get(HERE).text.split())


def test_codes_need_a_second_factor_to_stand_in_for(world, visit):
    assert visit(world.mia).post(f"{HERE}/codes").location == HERE
    assert not db.session.scalars(select(RecoveryCode)).all()


def test_without_the_app_the_password_is_enough_again(world, visit):
    App(world.mia)
    assert visit(world.mia).post(f"{APP}/removal").location == HERE
    assert not db.session.scalars(select(RecoveryCode)).all()
    assert visit().post("/sign-in", data=MIA).location == "/"


def test_an_operator_resets_the_last_administrator(app, world, visit):
    App(world.ana)
    done = app.test_cli_runner().invoke(args=["reset-second-factor", "Ana@example.org"])
    assert "Ana Silva signs in with the password alone" in done.output
    assert visit().post("/sign-in", data=MIA | {"email": "ana@example.org"}).location == "/"
    assert log.since(0)[-1].user == world.ana
    assert app.test_cli_runner().invoke(args=["reset-second-factor", "nobody@example.org"]).exit_code == 1
