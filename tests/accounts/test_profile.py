"""One's own profile: name, looks, password, and where one is signed in."""

import pytest

from informejo import cookies, db
from informejo.accounts.models import Role
from informejo.accounts.sign_ins import who_asks
from informejo.events import log
from informejo.events.names import EventName
from tests.live import dom
from tests.world import PASSWORD

NEW_PASSWORD = "vier rote ballons im wind"
FIELDS = {"name": "Ren Ito", "department": "Sales", "theme": "dark", "time_zone": "Asia/Tokyo"}


def change(browser, **fields):
    typed = {"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD, **fields}
    return browser.post("/profile/password", data=typed)


def is_in(browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_people_change_what_is_theirs(world, visit):
    browser = visit(world.ren)
    assert browser.post("/profile", data=FIELDS).location == "/profile"
    text = browser.get("/profile").text
    assert 'value="Sales"' in text
    assert 'data-theme="dark"' in text
    assert '<option value="Asia/Tokyo" selected>Asia/Tokyo</option>' in text


def test_the_log_says_what_changed_and_only_that(world, visit):
    visit(world.ren).post("/profile", data={**FIELDS, "theme": "system"})
    event = log.since(0)[-1]
    assert (event.name, event.actor, event.user) == (EventName.USER_UPDATED, world.ren, world.ren)
    assert event.changes == {"department": ["", "Sales"], "time_zone": ["", "Asia/Tokyo"]}


def test_nothing_changed_is_nothing_recorded(world, visit):
    visit(world.ren).post("/profile", data={"name": "Ren Ito"})
    assert not log.since(0)


@pytest.mark.hardening("H-06", "S-59")
@pytest.mark.parametrize(
    ("field", "value"),
    [("role", "admin"), ("active", ""), ("email", "ana@example.org"), ("password_hash", "x"), ("id", "1")],
)
def test_nothing_else_can_be_changed_there(world, visit, field, value):
    before = (world.ren.id, world.ren.email, world.ren.password_hash)
    visit(world.ren).post("/profile", data={**FIELDS, field: value})
    db.session.refresh(world.ren)
    assert (world.ren.id, world.ren.email, world.ren.password_hash) == before
    assert (world.ren.role, world.ren.active, world.ren.theme) == (Role.USER, True, "dark")


@pytest.mark.parametrize(
    ("field", "value"), [("time_zone", "Mars/Phobos"), ("time_zone", "../etc/passwd"), ("theme", "neon"), ("name", "")]
)
def test_what_does_not_exist_is_refused_beside_its_field(world, visit, field, value):
    answer = visit(world.ren).post("/profile", data={**FIELDS, field: value})
    assert answer.status_code == 422
    assert f'id="problem-{field}"' in answer.text
    assert world.ren.theme == "system"


def test_a_new_password_is_the_only_one_from_then_on(world, visit):
    assert change(visit(world.ren)).location == "/profile/security"
    signed_in = [
        visit().post("/sign-in", data={"email": "ren@example.org", "password": password}).status_code
        for password in (PASSWORD, NEW_PASSWORD)
    ]
    assert signed_in == [422, 303]


@pytest.mark.hardening("H-33", "S-46", "W-16")
def test_a_new_password_ends_every_sign_in_and_this_browser_gets_a_new_one(world, visit):
    here, elsewhere, zoe = visit(world.ren), visit(world.ren), visit(world.zoe)
    saved = here.get_cookie(cookies.cookie_name()).value
    change(here)
    assert is_in(here)
    assert not is_in(elsewhere)
    assert who_asks(saved) is None
    assert is_in(zoe)


def test_the_log_knows_that_a_password_changed_but_not_what_it_was(world, visit):
    change(visit(world.ren))
    updated, *ended = log.since(0)
    assert (updated.name, updated.changes) == (EventName.USER_UPDATED, {"password": [None, None]})
    assert [event.name for event in ended] == [EventName.SESSION_ENDED]


@pytest.mark.hardening("S-37", "S-47")
@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"current": "not mine"}, "This is not your current password."),
        ({"current": ""}, "This is not your current password."),
        ({"again": "mistyped"}, "This is not the same as above."),
        ({"password": "ren@example.org", "again": "ren@example.org"}, "This is easy to guess."),
    ],
)
def test_a_password_does_not_change_when_something_is_wrong(world, visit, fields, sentence):
    browser, kept = visit(world.ren), world.ren.password_hash
    answer = change(browser, **fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert NEW_PASSWORD not in answer.text
    db.session.refresh(world.ren)
    assert world.ren.password_hash == kept
    assert is_in(browser)


@pytest.mark.hardening("S-47")
def test_who_found_an_open_browser_cannot_guess_the_password_in_it(world, visit):
    browser = visit(world.ren)
    answers = [change(browser, current=f"guess {number}").status_code for number in range(11)]
    assert answers == [422] * 10 + [429]


@pytest.mark.hardening("S-47", "S-46")
def test_people_see_where_they_are_signed_in_and_end_it(world, visit):
    here, elsewhere, zoe = visit(world.ren), visit(world.ren), visit(world.zoe)
    assert here.get("/profile/security").text.count("<b>test</b>") == 2
    assert here.post("/profile/sessions").location == "/profile/security"
    assert is_in(here)
    assert not is_in(elsewhere)
    assert is_in(zoe)
    assert here.get("/profile/security").text.count("<b>test</b>") == 1


@pytest.mark.hardening("S-47", "S-46")
def test_one_sign_in_is_ended_and_the_others_go_on(world, visit):
    here, elsewhere, third = visit(world.ren), visit(world.ren), visit(world.ren)
    asked = who_asks(elsewhere.get_cookie(cookies.cookie_name()).value)
    assert here.post(f"/profile/sessions/{asked.session.id}/end").location == "/profile/security"
    assert (is_in(here), is_in(elsewhere), is_in(third)) == (True, False, True)
    assert log.since(0)[-1].name == EventName.SESSION_ENDED


@pytest.mark.hardening("S-47")
def test_nobody_ends_the_sign_in_of_another(world, visit):
    zoe = visit(world.zoe)
    asked = who_asks(zoe.get_cookie(cookies.cookie_name()).value)
    assert visit(world.ana).post(f"/profile/sessions/{asked.session.id}/end").status_code == 404
    assert is_in(zoe)


def test_whoever_ends_the_sign_in_of_this_very_browser_is_signed_out(world, visit):
    here = visit(world.ren)
    asked = who_asks(here.get_cookie(cookies.cookie_name()).value)
    assert here.post(f"/profile/sessions/{asked.session.id}/end").location == "/sign-in"
    assert not is_in(here)


@pytest.mark.parametrize(
    ("agent", "words"),
    [
        ("Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0", "Firefox on Linux"),
        ("Mozilla/5.0 (Windows NT 10.0) AppleWebKit/537.36 Chrome/140.0 Safari/537.36 Edg/140.0", "Edge on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) Version/18.0 Safari/605.1.15", "Safari on Mac OS"),
        ("curl/8.5.0", "Some program"),
        ("", "Some program"),
        ("<script>alert(1)</script>", "Some program"),
    ],
)
def test_a_browser_is_called_what_people_call_it(world, visit, agent, words):
    browser = visit()
    browser.environ_base["HTTP_USER_AGENT"] = agent
    browser.post("/sign-in", data={"email": "ren@example.org", "password": PASSWORD})
    assert f"<b>{words}</b>" in browser.get("/profile/security").text


def test_an_older_window_puts_back_nothing_that_was_changed_in_another(world, visit):
    browser = visit(world.ren)
    forms = [dom.read(browser.get("/profile").text).all("form", action="/profile")[0] for _ in range(2)]
    first, second = (
        {field["name"]: field["value"] for field in form.all("input") if "disabled" not in field.attributes}
        for form in forms
    )
    browser.post("/profile", data=first | {"theme": "dark", "shortcuts": "off", "time_zone": "Europe/Berlin"})
    browser.post("/profile", data=second | {"name": "Ren I.", "theme": "system", "shortcuts": "on", "time_zone": ""})
    db.session.refresh(world.ren)
    ren = world.ren
    assert (ren.name, ren.theme, ren.shortcuts, ren.time_zone) == ("Ren I.", "dark", "off", "Europe/Berlin")


def test_what_a_program_does_not_send_stays_as_it_was(world, visit):
    browser = visit(world.ren)
    browser.post("/profile", data={"name": "Ren Ito", "theme": "dark"})
    browser.post("/profile", data={"name": "Ren I."})
    db.session.refresh(world.ren)
    assert (world.ren.name, world.ren.theme) == ("Ren I.", "dark")
