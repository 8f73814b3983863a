"""Signing in with a second factor: nothing is open before it, and each code opens once."""

import re
from datetime import timedelta

import pytest
from limits.strategies import MovingWindowRateLimiter
from pyotp import TOTP
from sqlalchemy import select

from informejo import clock, cookies, db
from informejo.accounts import actions as accounts, password_actions, rights_actions
from informejo.accounts.models import HalfSignIn, Role, Session
from informejo.audit.models import Access
from informejo.counting import Counts
from informejo.drafts.queries import draft_for, drafts_of
from informejo.factors.actions import reset_factors
from informejo.factors.code_actions import use_code
from informejo.factors.models import Passkey, RecoveryCode
from tests.accounts.test_kept_text import hidden, write
from tests.factors.conftest import CODE, MIA, App, half_cookie, is_in
from tests.factors.device import Device
from tests.world import PASSWORD

SECOND = "/sign-in/second"
HERE = "/profile/security"


def second(browser, code, **fields):
    return browser.post(SECOND, data={"code": code, **fields})


@pytest.mark.hardening("S-40")
def test_the_password_alone_opens_nothing(world, half):
    world.ticket()
    for address in ("/profile", "/tickets/1", "/live?on=me", "/unread", "/queue"):
        assert half.get(address).status_code in (303, 401), address
    assert half.post("/tickets", data={"title": "Hello", "description": "Hello"}).status_code == 401
    assert not db.session.scalars(select(Session)).all()


@pytest.mark.hardening("S-40", "H-32")
def test_with_a_code_of_the_app_one_is_in(mias, half):
    assert "six digits" in half.get(SECOND).text
    assert second(half, f" {mias.digits()[:3]} {mias.digits()[3:]} ").location == "/"
    assert is_in(half)
    assert half.get_cookie(half_cookie()) is None
    assert not db.session.scalars(select(HalfSignIn)).all()
    assert db.session.scalars(select(Access)).all()[-1].said == "With a password."


@pytest.mark.parametrize("zero", "０٠۰०𝟘")
def test_digits_of_any_keyboard_are_digits(mias, half, zero):
    assert second(half, "".join(chr(ord(zero) + int(digit)) for digit in mias.digits())).location == "/"


def test_a_recovery_code_in_wide_letters_is_read(mias, half):
    wide = "".join(chr(ord(letter) + 0xFEE0) for letter in mias.codes[0])
    assert second(half, wide).location == "/"


@pytest.mark.hardening("S-40")
def test_wrong_digits_are_refused_and_written_down(world, mias, half):
    wrong = f"{(int(mias.digits()) + 1) % 1_000_000:06}"
    answer = second(half, wrong)
    assert answer.status_code == 422
    assert "does not fit" in answer.text
    assert wrong not in answer.text
    assert not is_in(half)
    noted = db.session.scalars(select(Access)).all()[-1]
    assert (noted.kind, noted.user_id) == ("factor-failed", world.mia.id)


@pytest.mark.parametrize(("later", "fits"), [(-61, False), (-30, True), (0, True), (30, True), (61, False)])
def test_clocks_may_differ_by_half_a_minute(world, later, fits):
    app = App(world.mia)
    with clock.at(clock.now().replace(second=15, microsecond=0) + timedelta(hours=1)):
        assert use_code(world.mia, app.digits(later)) is fits


@pytest.mark.hardening("S-40")
def test_digits_are_good_once_and_so_are_those_before_them(world, mias):
    before, now = mias.digits(), mias.digits(30)
    assert use_code(world.mia, now)
    assert not use_code(world.mia, now)
    assert not use_code(world.mia, before)


def test_the_digits_that_confirmed_the_app_are_used_up(world):
    app = App(world.mia)
    assert not use_code(world.mia, app.first)
    assert use_code(world.mia, app.digits())


@pytest.mark.hardening("S-40")
def test_a_recovery_code_stands_in_once(world, mias, half, visit):
    code = mias.codes[0]
    assert second(half, code.upper().replace("-", " ")).location == "/"
    assert not use_code(world.mia, code)
    assert len(db.session.scalars(select(RecoveryCode)).all()) == 9
    assert code not in str(db.session.execute(select(RecoveryCode.__table__)).all())


def test_of_two_who_use_one_recovery_code_at_the_same_time_one_comes_in(mias, half, visit):
    other = visit()
    other.post("/sign-in", data=MIA)
    answers = [second(browser, mias.codes[3]).status_code for browser in (half, other)]
    assert sorted(answers) == [303, 422]


def test_a_recovery_code_of_somebody_else_is_worth_nothing(world, mias):
    zoes = App(world.zoe)
    assert not use_code(world.mia, zoes.codes[0])
    assert use_code(world.zoe, zoes.codes[0])


def test_a_form_that_is_sent_from_two_tabs_or_twice_signs_in_once_and_leads_on(mias, visit, later):
    browser, other = visit(), visit()
    browser.post("/sign-in", data=MIA | {"next": "/queue?status=open"})
    fields = hidden(browser.get(SECOND))
    sent = fields | {"code": mias.digits()}
    for digits in (sent["code"], sent["code"], mias.digits(30)):
        assert second(browser, digits, **fields).location == "/queue?status=open"
    assert len(db.session.scalars(select(Session)).all()) == 1
    assert "Sign in once more" in other.post(SECOND, data=sent).text
    assert not is_in(other)
    with later(3):
        assert "Sign in once more" in browser.post(SECOND, data=sent).text


def test_who_is_half_way_in_as_another_is_not_led_on_as_whoever_came_in_meanwhile(world, mias, visit):
    toms, browser = App(world.tom), visit()
    browser.post("/sign-in", data=MIA | {"email": "tom@example.org"})
    fields = hidden(browser.get(SECOND))
    browser.post("/sign-in", data=MIA)
    assert second(browser, mias.digits()).location == "/"
    assert second(browser, toms.digits(), **fields).status_code == 422


def test_text_that_came_with_a_step_sent_twice_is_kept_once(world, mias, visit):
    world.ticket()
    late = visit(world.mia)
    late.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    fields = hidden(write(late, "/tickets/1/comments", draft="ticket:1", body="It burns."))
    sent = hidden(late.post("/sign-in", data=fields | MIA)) | {"code": mias.digits()}
    assert [late.post(SECOND, data=sent).location for _ in range(2)] == ["/tickets/1?all=yes"] * 2
    assert [draft.fields["body"] for draft in drafts_of(world.mia, "ticket:1")] == ["It burns."]


@pytest.mark.hardening("S-40", "H-35")
def test_six_guesses_are_too_many_and_a_known_browser_has_its_own(world, mias, half, visit):
    known = visit(world.mia)
    for _ in range(5):
        assert second(half, "000000").status_code == 422
    refused = second(half, mias.digits())
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    known.post("/sign-in", data=MIA)
    assert second(known, mias.digits()).status_code == 303


@pytest.mark.hardening("S-40", "H-35")
def test_twenty_wrong_codes_in_an_hour_are_too_many_even_if_the_server_starts_anew(app, mias, half):
    for _ in range(4):
        assert [second(half, "000000").status_code for _ in range(5)] == [422] * 5
        app.extensions["rates"] = MovingWindowRateLimiter(Counts())  # which forgets the five minutes
    refused = second(half, mias.digits())
    assert refused.status_code == 429
    assert int(refused.headers["Retry-After"]) > 3_000


def test_the_half_way_ends_after_ten_minutes(mias, half, later):
    with later(11):
        assert half.get(SECOND).location == "/sign-in"
        assert second(half, mias.digits()).status_code == 422
        assert not is_in(half)


@pytest.mark.parametrize("what", ["deactivated", "another role", "another password", "reset"])
def test_whoever_is_shut_out_half_way_does_not_come_in(world, mias, half, what):
    code = mias.digits()
    if what == "deactivated":
        rights_actions.set_active(world.ana, world.mia, False)
    elif what == "another role":
        rights_actions.set_role(world.ana, world.mia, Role.USER)
    elif what == "another password":
        assert accounts.change_password(world.mia, current=PASSWORD, new="violet ladder 77 sea")
    else:
        reset_factors(world.ana, world.mia)
    db.commit()
    assert second(half, code).status_code == 422
    assert not is_in(half)


@pytest.mark.hardening("S-40")
@pytest.mark.parametrize("deed", ["authenticator/removal", "passkeys", "passkeys/{id}/removal"])
def test_whoever_waits_half_way_begins_anew_when_a_factor_comes_or_goes(world, key, visit, deed):
    """They were asked for what was there before, and may know the password alone and wait for what is shown next."""
    app, owner, half = App(world.mia), visit(world.mia), visit()
    made = Device().make(owner.post(f"{HERE}/passkeys/challenge").json)
    assert half.post("/sign-in", data=MIA).location == SECOND
    address = f"{HERE}/{deed.format(id=db.session.scalar(select(Passkey.id)))}"
    assert owner.post(address, data={"name": "Another", "credential": made}).location == HERE
    assert half.get(SECOND).location == "/sign-in"
    assert "Sign in once more" in second(half, app.digits()).text
    assert not is_in(half)


def test_a_half_way_of_somebody_else_does_not_fit(world, mias, half, visit):
    stranger = visit()
    stranger.set_cookie(half_cookie(), "chosen-by-somebody-else")
    assert second(stranger, mias.digits()).status_code == 422
    assert second(visit(), mias.digits()).status_code == 422
    assert second(half, mias.digits()).status_code == 303


@pytest.mark.hardening("S-42")
def test_a_link_to_choose_a_password_does_not_skip_it(world, mias, visit):
    token = password_actions.make_password_link(world.ana, world.mia)
    db.commit()
    browser, new = visit(), "violet ladder 77 sea"
    answer = browser.post(f"/choose-password/{token}", data={"password": new, "again": new})
    assert answer.location == SECOND
    assert not is_in(browser)
    assert second(browser, mias.digits()).location == "/"
    assert "Your password is chosen" in browser.get("/profile").text


def test_text_that_goes_through_the_sign_in_goes_through_the_second_step_too(world, mias, visit):
    world.ticket()
    late = visit(world.mia)
    late.set_cookie(cookies.cookie_name(), "one-that-has-ended")
    fields = hidden(write(late, "/tickets/1/comments", draft="ticket:1", body="It says <b>E-42</b>."))
    page = late.post("/sign-in", data=fields | MIA)
    assert draft_for(world.mia, "ticket:1") == {}
    page = late.post(SECOND, data=hidden(page) | {"code": "000000"})
    assert page.status_code == 422
    assert late.post(SECOND, data=hidden(page) | {"code": mias.digits()}).location == "/tickets/1?all=yes"
    assert draft_for(world.mia, "ticket:1")["body"] == "It says <b>E-42</b>."


def test_text_outlives_a_half_way_that_took_too_long(world, mias, visit, later):
    world.ticket()
    late = visit()
    fields = hidden(write(late, "/tickets/1/comments", draft="ticket:1", body="It burns."))
    page = late.post("/sign-in", data=fields | MIA)
    with later(11):
        page = late.post(SECOND, data=hidden(page) | {"code": mias.digits()})
        assert hidden(page)["kept-body"] == "It burns."


def test_after_it_people_go_on_to_where_they_wanted(mias, visit):
    browser = visit()
    browser.post("/sign-in", data=MIA | {"next": "/queue?status=open"})
    assert second(browser, mias.digits()).location == "/queue?status=open"


class TestDemanded:
    """Whoever has to have one is led to it, and can do nothing else until then."""

    @pytest.fixture(autouse=True)
    def demanded(self, app, world):
        app.config["SECOND_FACTOR"] = "staff"

    @pytest.mark.hardening("S-40")
    def test_they_set_one_up_and_are_in(self, world, visit):
        browser = visit()
        assert browser.post("/sign-in", data=MIA).location == SECOND
        page = browser.get(SECOND)
        assert "Set up a second factor" in page.text
        assert not is_in(browser)
        assert second(browser, "000000").status_code == 422
        secret = "".join(_secret(page))
        done = second(browser, TOTP(secret).at(clock.now().timestamp()))
        assert done.status_code == 200
        assert len(CODE.findall(done.text)) == 10
        assert 'href="/"' in done.text
        assert is_in(browser)
        assert browser.post(SECOND, data=hidden(page) | {"code": "000000"}).location == "/"
        assert "If you have not seen your recovery codes, make new ones" in browser.get("/profile").text

    @pytest.mark.hardening("S-40")
    def test_a_stranger_who_knows_the_password_is_not_shown_the_secret_of_its_owner(self, world, visit):
        owner, stranger = visit(), visit()
        for browser in (stranger, owner):
            assert browser.post("/sign-in", data=MIA).location == SECOND
        secret, seen = ("".join(_secret(browser.get(SECOND))) for browser in (owner, stranger))
        assert seen != secret
        done = second(owner, TOTP(secret).at(clock.now().timestamp()))
        assert "Your recovery codes" in done.text
        assert stranger.get(SECOND).location == "/sign-in"
        assert second(stranger, TOTP(seen).at(clock.now().timestamp())).status_code == 422
        assert not is_in(stranger)

    def test_requesters_need_none(self, world, visit):
        assert visit().post("/sign-in", data=MIA | {"email": "ren@example.org"}).location == "/"

    def test_of_administrators_alone(self, app, world, visit):
        app.config["SECOND_FACTOR"] = "admins"
        assert visit().post("/sign-in", data=MIA).location == "/"
        assert visit().post("/sign-in", data=MIA | {"email": "ana@example.org"}).location == SECOND

    def test_the_only_one_stays(self, world, visit):
        browser = visit()
        browser.post("/sign-in", data=MIA)
        secret = "".join(_secret(browser.get(SECOND)))
        second(browser, TOTP(secret).at(clock.now().timestamp()))
        answer = browser.post("/profile/security/authenticator/removal")
        assert answer.status_code == 422
        assert "only one" in answer.text
        assert visit().post("/sign-in", data=MIA).location == SECOND


def _secret(page) -> list[str]:
    return re.search(r'<code class="secret">([A-Z2-7 ]+)</code>', page.text)[1].split()
