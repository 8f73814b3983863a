"""Coming in and going out."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from informejo import clock, config, cookies, db
from informejo.accounts import actions, queries
from informejo.accounts.models import Session
from informejo.accounts.sign_ins import viewer_for, who_asks
from informejo.events import log
from informejo.events.names import EventName
from tests.world import PASSWORD

HOUR = timedelta(hours=1)


def sign_in(browser, email, password=PASSWORD, **fields):
    return browser.post("/sign-in", data={"email": email, "password": password, **fields})


def cookie(browser) -> str:
    return browser.get_cookie(cookies.cookie_name()).value


def test_somebody_with_a_password_comes_in(world, visit):
    browser = visit()
    assert browser.get("/profile").status_code == 303
    assert sign_in(browser, "ren@example.org").location == "/"
    assert "ren@example.org" in browser.get("/profile").text


def test_an_address_has_no_capitals(world, visit):
    assert sign_in(visit(), " Ren@Example.ORG ").status_code == 303


def refusal(browser, email, password):
    answer = sign_in(browser, email, password)
    return answer.status_code, answer.text.replace(email, ""), sorted(answer.headers.keys())


@pytest.mark.hardening("H-30", "O-07")
def test_every_refusal_looks_the_same(world, visit):
    wrong = refusal(visit(), "ren@example.org", "not the password")
    assert wrong[0] == 422
    assert "do not match" in wrong[1]
    for email, password in [
        ("nobody@example.org", PASSWORD),  # unknown
        ("dan@example.org", PASSWORD),  # deactivated
        ("gus@example.org", PASSWORD),  # a guest
        ("gus@example.org", ""),
        ("ren@example.org", "x" * 2_000),
        ("nobody@example.org", "x" * 2_000),
    ]:
        assert refusal(visit(), email, password) == wrong


@pytest.mark.hardening("H-30")
def test_every_refusal_costs_one_hash(world, visit, monkeypatch):
    asked = []
    monkeypatch.setattr(actions, "verify", lambda hashed, password: asked.append(hashed) or False)
    for email in ("ren@example.org", "nobody@example.org", "dan@example.org", "gus@example.org"):
        sign_in(visit(), email)
    assert [hashed is None for hashed in asked] == [False, True, True, True]


def test_what_was_typed_stays_but_never_the_password(world, visit):
    text = sign_in(visit(), "ren@example.org", "a wrong password", next="/tickets/7").text
    assert 'value="ren@example.org"' in text
    assert 'value="/tickets/7"' in text
    assert "a wrong password" not in text


@pytest.mark.hardening("H-32", "S-44")
def test_a_sign_in_brings_a_new_cookie_and_ends_the_old_one(world, visit):
    browser = visit(world.ren)
    before = cookie(browser)
    sign_in(browser, "ren@example.org")
    assert cookie(browser) != before
    assert browser.get("/profile").status_code == 200
    assert who_asks(before) is None


@pytest.mark.hardening("H-32", "S-44")
def test_a_cookie_somebody_else_chose_stays_worthless(world, visit):
    browser = visit()
    browser.set_cookie(cookies.cookie_name(), "chosen-by-somebody-else")
    sign_in(browser, "ren@example.org")
    assert cookie(browser) != "chosen-by-somebody-else"
    assert who_asks("chosen-by-somebody-else") is None


def test_the_database_knows_no_cookie(world, visit):
    browser = visit(world.ren)
    kept = db.session.scalars(select(Session.token_hash)).all()
    assert cookie(browser) not in kept
    assert queries.fingerprint(cookie(browser)) in kept


@pytest.mark.hardening("W-16")
def test_a_saved_cookie_is_worthless_after_sign_out(world, visit):
    browser = visit(world.ren)
    saved = cookie(browser)
    answer = browser.post("/sign-out")
    assert answer.location == "/sign-in"
    assert browser.get("/profile").status_code == 303
    thief = visit()
    thief.set_cookie(cookies.cookie_name(), saved)
    assert thief.get("/profile").status_code == 303
    thief.set_cookie(cookies.cookie_name(), cookie(browser))
    assert thief.get("/profile").status_code == 303


def test_the_end_of_a_session_is_an_event_for_the_hub(world, visit):
    browser = visit(world.ren)
    session = who_asks(cookie(browser)).session
    browser.post("/sign-out")
    ended = log.since(0)[-1]
    assert (ended.name, ended.user, ended.changes) == (
        EventName.SESSION_ENDED,
        world.ren,
        {"session": [session.id, None]},
    )


def test_signing_out_twice_or_as_a_visitor_is_no_error(world, visit):
    assert visit().post("/sign-out").status_code == 303


@pytest.mark.hardening("W-06", "H-39", "S-27")
@pytest.mark.parametrize(
    "address",
    [
        "//evil",
        "///evil",
        "/\\evil",
        "\\/evil",
        "\\\\evil",
        "https:evil",
        "https://evil",
        "javascript:x",
        "/\t/evil",
        "/\t/[x",
        "//[",
        "/\n",
        "evil",
    ],
)
def test_nobody_is_led_to_another_site(world, visit, address):
    assert sign_in(visit(), "ren@example.org", next=address).location == "/"
    assert visit(world.ren).get("/sign-in", query_string={"next": address}).location == "/"


def test_people_go_on_to_where_they_wanted(world, visit):
    browser = visit()
    asked = browser.get("/tickets?q=printer+ink&status=open")
    assert asked.location == "/sign-in?next=%2Ftickets%3Fq%3Dprinter%2Bink%26status%3Dopen"
    assert 'value="/tickets?q=printer+ink&amp;status=open"' in browser.get(asked.location).text
    assert sign_in(browser, "ren@example.org", next="/tickets?q=printer+ink").location == "/tickets?q=printer+ink"


@pytest.mark.parametrize(
    ("address", "headers"),
    [
        ("/unread", {"HX-Request": "true"}),
        ("/live?on=me", {}),
        ("/live/events?on=me", {}),
        ("/tickets", {"Accept": "application/json"}),
        ("/me.css", {"Sec-Fetch-Dest": "style", "Sec-Fetch-Site": "same-origin"}),
    ],
)
def test_scripts_and_programs_are_told_401(world, visit, address, headers):
    answer = visit().get(address, headers=headers)
    assert answer.status_code == 401
    assert "<html" not in answer.text


@pytest.mark.hardening("S-45", "F-19")
def test_a_session_ends_after_its_days_even_if_it_is_used(app, world, visit):
    browser, start = visit(world.ren), clock.now()
    for hours in range(0, 30 * 24, 7):
        with clock.at(start + hours * HOUR):
            assert browser.get("/profile").status_code == 200
    with clock.at(start + (30 * 24 + 1) * HOUR):
        assert browser.get("/profile").status_code == 303


@pytest.mark.hardening("S-45", "F-19")
def test_a_session_that_lies_idle_ends_and_an_administrators_sooner(world, visit):
    start = clock.now()
    for user, minutes in ((world.ren, 8 * 60), (world.mia, 8 * 60), (world.ana, 30)):
        browser = visit(user)
        with clock.at(start + timedelta(minutes=minutes - 1)):
            assert browser.head("/live?on=me").status_code == 200  # which is no sign of life
        with clock.at(start + timedelta(minutes=minutes + 1)):
            assert browser.get("/profile").location == "/sign-in?next=%2Fprofile"
            assert "nothing was done here for a while" in browser.get("/sign-in").text
            typed = browser.post(
                "/tickets", data={"draft": "new-ticket", "title": "Ink", "description": "It is empty."}
            )
            assert typed.status_code == 401
            assert "nothing was done here for a while. What you were writing is kept" in typed.text
    assert "because" not in visit().get("/sign-in").text


def test_however_short_the_idle_time_is_whoever_goes_on_stays(app, world, visit):
    app.config["ADMIN_IDLE_MINUTES"] = 5
    browser, start = visit(world.ana), clock.now()
    for minutes in range(0, 16, 4):
        with clock.at(start + timedelta(minutes=minutes)):
            assert browser.get("/profile").status_code == 200
    with pytest.raises(ValueError, match="cannot be '0'"):
        config.from_environment({"ADMIN_IDLE_MINUTES": "0"})


@pytest.mark.hardening("F-19")
def test_an_administrators_session_ends_after_twelve_hours_and_its_stream_with_its_idle_time(world, visit):
    start = clock.now()
    with clock.at(start):
        browser = visit(world.ana)
    for minutes in range(0, 12 * 60, 25):
        with clock.at(start + timedelta(minutes=minutes)):
            assert browser.get("/profile").status_code == 200
            ends_at = viewer_for(cookie(browser)).session.ends_at
            assert ends_at == min(start + timedelta(minutes=minutes + 30), start + 12 * HOUR)
    new = {"current": PASSWORD, "password": "a new one, and long", "again": "a new one, and long"}
    with clock.at(start + 12 * HOUR - timedelta(minutes=1)):
        assert browser.post("/profile/password", data=new).status_code == 303  # which makes no day longer
        assert browser.get("/profile").status_code == 200
    with clock.at(start + 12 * HOUR):
        assert browser.get("/profile").status_code == 303


@pytest.mark.hardening("S-45")
def test_what_an_open_page_asks_for_by_itself_keeps_no_session_alive(world, visit):
    browser, start = visit(world.ren), clock.now()
    session = who_asks(cookie(browser)).session
    with clock.at(start + HOUR):
        browser.get("/unread", headers={"HX-Request": "true"})
        browser.head("/live?on=me")
        browser.get("/profile", headers={"Drawn-For": str(world.ren.id)})  # a page that draws itself anew
        db.session.refresh(session)
        assert session.seen_at < start + HOUR
        browser.get("/profile")
        db.session.refresh(session)
        assert session.seen_at == start + HOUR


@pytest.mark.hardening("H-35", "F-17")
def test_eleven_tries_at_one_account_are_too_many_from_wherever(world, visit):
    for number in range(10):
        assert sign_in(visit_from(visit, f"192.0.2.{number}"), "ren@example.org", "wrong").status_code == 422
    refused = sign_in(visit_from(visit, "192.0.2.99"), "ren@example.org")
    assert refused.status_code == 429
    assert 0 < int(refused.headers["Retry-After"]) <= 300
    assert sign_in(visit_from(visit, "192.0.2.99"), "zoe@example.org").status_code == 303


@pytest.mark.hardening("S-36")
def test_guessing_shuts_nobody_out_of_a_browser_they_used_before(world, visit):
    browser = visit_from(visit, "192.0.2.50")
    sign_in(browser, "ren@example.org")
    browser.post("/sign-out")
    for number in range(12):
        sign_in(visit_from(visit, f"192.0.2.{number}"), "ren@example.org", "wrong")
    assert sign_in(visit_from(visit, "192.0.2.60"), "ren@example.org").status_code == 429
    assert sign_in(browser, "ren@example.org").status_code == 303


@pytest.mark.hardening("H-35", "F-17")
def test_eleven_failures_from_one_address_are_too_many_for_whichever_account(world, visit):
    for number in range(10):
        assert sign_in(visit(), f"{number}@example.org").status_code == 422
    assert sign_in(visit(), "ren@example.org").status_code == 429


def test_an_office_behind_one_address_can_begin_its_day(world, visit):
    for _ in range(4):
        for key in ("mia", "ren", "zoe"):
            assert sign_in(visit(), f"{key}@example.org").status_code == 303


@pytest.mark.hardening("W-03")
@pytest.mark.parametrize("header", ["X-Forwarded-For", "X-Real-IP", "Forwarded", "CF-Connecting-IP"])
def test_a_forged_address_does_not_help_to_guess(world, visit, header):
    for number in range(10):
        visit().post(
            "/sign-in", data={"email": f"{number}@x.org", "password": "?"}, headers={header: f"for=203.0.113.{number}"}
        )
    answer = visit().post("/sign-in", data={"email": "11@x.org", "password": "?"}, headers={header: "203.0.113.77"})
    assert answer.status_code == 429


def visit_from(visit, address):
    browser = visit()
    browser.environ_base |= {"REMOTE_ADDR": address}
    return browser


@pytest.mark.hardening("O-07")
def test_people_who_are_shut_out_meanwhile_do_not_come_in(world, visit, monkeypatch):
    real = actions.verify

    def meanwhile(hashed, password):
        world.ren.active = False
        db.commit()
        return real(hashed, password)

    monkeypatch.setattr(actions, "verify", meanwhile)
    assert sign_in(visit(), "ren@example.org").status_code == 422


def test_old_sessions_are_swept_when_their_owner_comes_again(world, visit):
    visit(world.ren), visit(world.zoe)
    with clock.at(clock.now() + 61 * 24 * HOUR):
        sign_in(visit(), "ren@example.org")
    owners = db.session.scalars(select(Session.user_id)).all()
    assert sorted(owners) == sorted([world.ren.id, world.zoe.id])


def test_a_visitor_who_may_register_is_shown_where(app, visit):
    assert "/register" in visit().get("/sign-in").text
    app.config["REGISTRATION"] = False
    assert "/register" not in visit().get("/sign-in").text


def test_somebody_who_is_in_is_not_asked_again(world, visit):
    assert visit(world.ren).get("/sign-in").location == "/"


def test_to_htmx_an_address_in_any_script_is_told_as_headers_can_carry_it(world, visit):
    told = visit().post(
        "/sign-in",
        data={"email": "ren@example.org", "password": PASSWORD, "next": "/tickets?q=プリンター"},
        headers={"HX-Request": "true"},
    )
    assert told.headers["HX-Redirect"] == "/tickets?q=%E3%83%97%E3%83%AA%E3%83%B3%E3%82%BF%E3%83%BC"
