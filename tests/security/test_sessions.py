"""A sign-in begins with a new secret, ends at once and everywhere, and cannot be brought back."""

import time
from datetime import timedelta

import pytest

from informejo import clock, cookies, create_app, db, signals
from informejo.accounts import session_actions
from informejo.accounts.models import Role
from tests.live.sse import Listener
from tests.world import PASSWORD

NEW_PASSWORD = "vier rote ballons im wind"
HOUR = timedelta(hours=1)


def is_in(browser) -> bool:
    return browser.get("/profile").status_code == 200


def sign_out(world, visit, here):
    here.post("/sign-out")


def change_password(world, visit, here):
    here.post("/profile/password", data={"current": PASSWORD, "password": NEW_PASSWORD, "again": NEW_PASSWORD})


def end_others(world, visit, here):
    here.post("/profile/sessions")


def deactivate(world, visit, here):
    visit(world.ana).post(f"/users/{world.ren.id}/activity", data={"value": "inactive"})


def give_a_role(world, visit, here):
    visit(world.ana).post(f"/users/{world.ren.id}/role", data={"value": "agent"})


# What ends sign-ins, and whether this browser's and the other one's end with it.
ENDS = [(sign_out, True, False), (change_password, True, True), (end_others, False, True), (deactivate, True, True),
        (give_a_role, True, True)]  # fmt: skip


@pytest.mark.hardening("H-33", "S-46", "L-11", "F-19")
@pytest.mark.parametrize(("end", "ends_here", "ends_there"), ENDS)
def test_where_a_sign_in_ends_its_tabs_and_streams_end_before_the_next_event(world, visit, end, ends_here, ends_there):
    ticket = world.ticket()
    here, there = visit(world.ren), visit(world.ren)
    kept = [browser.get_cookie(cookies.cookie_name()).value for browser in (here, there)]
    streams = [
        Listener(browser, f"{path}?on=ticket:1&on=me")
        for browser in (here, there)
        for path in ("/live", "/live/events")
    ]
    end(world, visit, here)
    world.comment(world.mia, ticket, "after the end")
    for number, stream in enumerate(streams):
        ended = (ends_here, ends_here, ends_there, ends_there)[number]
        assert stream.is_open != ended
        assert ("after the end" in str(stream.heard())) != ended
    for cookie, ended in zip(kept, (ends_here, ends_there), strict=True):
        tab = visit()
        tab.set_cookie(cookies.cookie_name(), cookie)
        assert tab.get("/unread", headers={"HX-Request": "true"}).status_code == (401 if ended else 200)
        assert tab.post("/tickets/1/comments", data={"body": "Hello."}).status_code == (401 if ended else 303)


@pytest.mark.hardening("W-16", "S-46")
@pytest.mark.parametrize("end", [sign_out, change_password, deactivate])
def test_a_cookie_from_before_the_end_opens_nothing_in_another_process_either(app, world, visit, end):
    here, other = visit(world.ren), visit(world.zoe)
    ended, living = (browser.get_cookie(cookies.cookie_name()).value for browser in (here, other))
    end(world, visit, here)
    restarted = create_app({name: app.config[name] for name in ("DATABASE_URL", "UPLOAD_DIR")})
    try:
        for cookie, status in ((ended, 303), (living, 200)):
            browser = restarted.test_client()
            browser.set_cookie("informejo", cookie)
            assert browser.get("/profile").status_code == status
    finally:
        signals.recorded.disconnect(restarted.extensions["broadcast"].ring)
        signals.noticed.disconnect(restarted.extensions["broadcast"].notice)
        with restarted.app_context():
            db.engine().dispose()


@pytest.mark.hardening("S-44", "H-32")
def test_every_sign_in_has_a_token_of_its_own_with_256_random_bits(world):
    tokens = {session_actions.start_session(world.ren, "test") for _ in range(50)}
    assert len(tokens) == 50
    assert {len(token) for token in tokens} == {43}


@pytest.mark.hardening("S-45", "F-19")
@pytest.mark.parametrize("hours", [73, 24 * 31])
def test_an_open_stream_alone_keeps_no_session_alive(world, visit, hours):
    browser, start = visit(world.ren), clock.now()
    stream = Listener(browser, "/live?on=me")
    for hour in range(0, hours, 12):
        with clock.at(start + hour * HOUR):
            browser.get("/unread", headers={"HX-Request": "true"})
            browser.head("/live?on=me")
    with clock.at(start + hours * HOUR):
        assert browser.get("/unread", headers={"HX-Request": "true"}).status_code == 401
        assert browser.get("/live?on=me").status_code == 401, "and its renewal is refused"
    assert stream.is_open


@pytest.mark.hardening("S-45")
def test_a_stream_is_closed_no_later_than_its_session_could_last(app, world, visit):
    app.config["SESSION_DAYS"] = 0.001
    stream = Listener(visit(world.ren), "/live?on=me")
    assert stream.subscription.expires <= time.monotonic() + 87


@pytest.mark.hardening("S-50", "O-07")
def test_lost_rights_are_lost_with_the_next_request_even_if_the_session_should_survive(world, visit):
    """The role is read anew each time; nothing in the cookie says what somebody may."""
    mia = visit(world.mia)
    assert mia.get("/queue").status_code == 200
    world.mia.role = Role.USER
    db.commit()
    assert mia.get("/queue").status_code == 403
    world.mia.active = False
    db.commit()
    assert not is_in(mia)


@pytest.mark.hardening("S-50")
def test_a_right_that_cannot_be_looked_up_is_refused(world, visit, monkeypatch):
    mia = visit(world.mia)
    monkeypatch.setattr("informejo.web.who_asks", lambda token: 1 / 0)
    assert mia.get("/queue").status_code == 500
    assert mia.post("/tickets", data={"title": "A title", "description": "A description."}).status_code == 500
