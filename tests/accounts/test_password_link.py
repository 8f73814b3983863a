"""The one-time link with which a guest, or whoever forgot their password, chooses one."""

import re
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Barrier

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden, UnprocessableEntity

from informejo import clock, db
from informejo.accounts import actions, password_actions, queries, rights_actions
from informejo.accounts.models import PasswordToken, Role
from informejo.events import log
from informejo.events.names import EventName
from tests.factors.conftest import App
from tests.live import dom
from tests.world import PASSWORD

NEW = {"password": "violet ladder 77 sea", "again": "violet ladder 77 sea"}
VOID = "This link has been used or is too old. Ask whoever gave it to you for a new one."


@pytest.fixture
def link(world):
    """`link(user)` is the address of a new link for that person, made by Ana."""

    def link(user) -> str:
        token = password_actions.make_password_link(world.ana, user)
        db.commit()
        return f"/choose-password/{token}"

    return link


def signs_in(visit, user, password=NEW["password"]) -> bool:
    return visit().post("/sign-in", data={"email": user.email, "password": password}).status_code == 303


def is_in(browser) -> bool:
    return browser.get("/profile").status_code == 200


def is_void(answer) -> bool:
    return answer.status_code == 410 and VOID in answer.text and 'href="/sign-in"' in answer.text


def later(monkeypatch, **span):
    moment = clock.now() + timedelta(**span)
    monkeypatch.setattr(clock, "now", lambda: moment)


@pytest.mark.parametrize("mailed", [True, False], ids=["mailed", "handed over"])
def test_an_address_is_known_to_be_its_owners_when_a_link_was_used_that_only_they_can_have_read(world, visit, mailed):
    world.gus.confirmed_at = None
    token = password_actions.make_password_link(world.ana, world.gus, mailed=mailed)
    db.commit()
    visit().post(f"/choose-password/{token}", data=NEW)
    db.session.refresh(world.gus)
    assert world.gus.role == Role.USER
    assert bool(world.gus.confirmed_at) == mailed


def test_a_guest_chooses_a_password_is_a_requester_and_is_in(world, visit, link):
    browser, address = visit(), link(world.gus)
    page = browser.get(address)
    assert page.status_code == 200
    assert "You are then signed in as Gus Visser" in page.text
    answer = browser.post(address, data=NEW)
    assert (answer.status_code, answer.location) == (303, "/")
    assert "Your password is chosen. You are signed in." in browser.get("/tickets").text
    assert world.gus.role == Role.USER
    assert browser.post("/tickets", data={"title": "No sound", "description": "Since noon."}).status_code == 303
    assert signs_in(visit, world.gus)


def test_whoever_forgot_theirs_chooses_another_and_is_out_everywhere_else(world, visit, link):
    elsewhere, address = visit(world.ren), link(world.ren)
    assert is_in(elsewhere), "a link alone signs nobody out"
    here = visit()
    here.post(address, data=NEW)
    assert is_in(here)
    assert not is_in(elsewhere)
    assert signs_in(visit, world.ren)
    assert not signs_in(visit, world.ren, PASSWORD)
    assert world.ren.role == Role.USER


@pytest.mark.parametrize("who", ["mia", "ana"])
def test_whoever_was_in_in_that_browser_goes_out_whoever_it_was(world, visit, link, who):
    browser = visit(getattr(world, who))
    answer = browser.post(link(world.mia), data=NEW)
    assert answer.status_code == 303
    assert "Mia Lund: your account" in browser.get("/profile").text


def test_it_is_recorded_that_it_was_made_and_used_and_no_secret(world, visit, link):
    visit(world.gus)
    address = link(world.gus)
    visit().post(address, data=NEW)
    made, chosen, ended = log.since(0)
    assert (made.name, made.actor, made.user) == (EventName.USER_UPDATED, world.ana, world.gus)
    assert made.changes == {"password_link": [None, None]}
    assert (chosen.name, chosen.actor, chosen.user) == (EventName.USER_UPDATED, world.gus, world.gus)
    assert chosen.changes == {"password": [None, None], "role": ["guest", "user"]}
    assert ended.name == EventName.SESSION_ENDED


@pytest.mark.hardening("H-27")
def test_only_its_hash_is_kept_and_nothing_once_it_was_used(world, visit, link):
    token = link(world.ren).rpartition("/")[2]
    assert db.session.scalars(select(PasswordToken.token_hash)).all() == [queries.fingerprint(token)]
    visit().post(f"/choose-password/{token}", data=NEW)
    assert not db.session.scalars(select(PasswordToken)).all()


@pytest.mark.hardening("H-27")
def test_it_works_once(world, visit, link):
    address = link(world.ren)
    visit().post(address, data=NEW)
    other = {"password": "another yellow umbrella 3", "again": "another yellow umbrella 3"}
    assert is_void(visit().get(address))
    assert is_void(visit().post(address, data=other))
    assert not signs_in(visit, world.ren, other["password"])
    assert signs_in(visit, world.ren)


@pytest.mark.hardening("H-27")
def test_of_two_uses_at_once_one_wins(app, world, link):
    token, together = link(world.ren).rpartition("/")[2], Barrier(4)

    def choose(number):
        with app.app_context():
            together.wait()
            user = password_actions.choose_password(token, password=f"violet ladder {number} sea")
            db.commit()
            return user is not None

    with ThreadPoolExecutor(4) as pool:
        won = list(pool.map(choose, range(4)))
    assert sum(won) == 1
    db.session.expire_all()
    assert actions.sign_in(world.ren.email, f"violet ladder {won.index(True)} sea") == world.ren


def test_it_works_for_a_day(world, visit, link, monkeypatch):
    address = link(world.ren)
    later(monkeypatch, hours=23, minutes=59)
    assert visit().get(address).status_code == 200
    later(monkeypatch, minutes=2)
    assert is_void(visit().get(address))
    assert is_void(visit().post(address, data=NEW))
    assert signs_in(visit, world.ren, PASSWORD)


@pytest.mark.hardening("H-27")
def test_a_newer_one_voids_it_and_another_persons_does_not(world, visit, link):
    earlier, of_another, newer = link(world.ren), link(world.zoe), link(world.ren)
    assert is_void(visit().get(earlier))
    assert visit().get(of_another).status_code == 200
    assert visit().get(newer).status_code == 200


def change_own_password(world):
    assert actions.change_password(world.mia, current=PASSWORD, new=NEW["password"])


@pytest.mark.parametrize(
    "change",
    [
        lambda world: rights_actions.set_active(world.ana, world.mia, False),
        lambda world: [rights_actions.set_active(world.ana, world.mia, active) for active in (False, True)],
        lambda world: rights_actions.set_role(world.ana, world.mia, Role.ADMIN),
        change_own_password,
    ],
    ids=["deactivated", "deactivated for a while", "another role", "another password"],
)
def test_what_ends_sign_ins_voids_the_link_as_well(world, visit, link, change):
    address = link(world.mia)
    change(world)
    db.commit()
    assert is_void(visit().post(address, data=NEW))
    assert not actions.sign_in(world.mia.email, "violet ladder 78 sea")


def test_somebody_deactivated_gets_none_and_the_administrator_is_told_what_to_do(world, visit):
    answer = visit(world.ana).post(f"/users/{world.dan.id}/password-link")
    assert answer.status_code == 422
    assert "Dan Wolf is deactivated; reactivate them first. No link was made." in answer.text
    text = visit(world.ana).get(f"/users/{world.dan.id}/sign-in").text
    assert "is deactivated; reactivate them first." in text
    assert "Make a link" not in text
    assert not db.session.scalars(select(PasswordToken)).all()


def test_somebody_shut_out_past_the_actions_cannot_use_theirs(world, visit, link):
    address = link(world.ren)
    world.ren.active = False
    db.commit()
    assert is_void(visit().post(address, data=NEW))
    world.ren.active = True
    db.commit()
    assert signs_in(visit, world.ren, PASSWORD)


@pytest.mark.hardening("H-07")
@pytest.mark.parametrize("who", ["mia", "ren", "gus"])
def test_nobody_but_administrators_makes_one_and_nobody_for_themselves(world, who):
    with pytest.raises(Forbidden):
        password_actions.make_password_link(getattr(world, who), world.zoe)
    with pytest.raises(Forbidden):
        password_actions.make_password_link(world.ana, world.ana)


def test_one_for_somebody_who_was_shut_out_meanwhile_is_refused(world):
    with pytest.raises(UnprocessableEntity):
        password_actions.make_password_link(world.ana, world.dan)


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"password": "short", "again": "short"}, "A password needs at least 15 characters; this has 5."),
        ({"password": "ren@example.org", "again": "ren@example.org"}, "This is easy to guess."),
        ({"again": "something else"}, "This is not the same as above."),
        ({"password": ""}, "A password needs at least 15 characters"),
    ],
)
def test_a_weak_or_mistyped_one_is_said_and_does_not_use_the_link_up(world, visit, link, fields, sentence):
    address = link(world.ren)
    answer = visit().post(address, data=NEW | fields)
    assert answer.status_code == 422
    assert sentence in answer.text
    assert "Ren Ito" in answer.text
    assert visit().post(address, data=NEW).status_code == 303


@pytest.mark.hardening("H-27", "O-05")
def test_only_the_whole_token_opens_and_each_wrong_one_looks_the_same(app, world, visit, link):
    token, pages = link(world.ren).rpartition("/")[2], set()
    for wrong in ("null", "0", "%00", token[:-1], token + "x", token.swapcase(), queries.fingerprint(token)):
        app.extensions["rates"].storage.reset()
        answer = visit().get(f"/choose-password/{wrong}")
        assert is_void(answer)
        pages.add(answer.data)
    assert len(pages) == 1
    assert visit().get(f"/choose-password/{token}").status_code == 200


@pytest.mark.hardening("H-27")
def test_ten_tries_are_enough(world, visit):
    answers = [visit().get(f"/choose-password/{number}").status_code for number in range(11)]
    assert answers == [410] * 10 + [429]


@pytest.mark.hardening("S-36")
def test_whoever_guesses_uses_up_no_try_of_a_link_that_works(world, visit, link):
    while visit().get("/choose-password/a-guess").status_code == 410:
        pass
    address = link(world.ren)
    assert visit().post(address, data=NEW).status_code == 303
    address = link(world.ren)
    answers = [visit().post(address, data={}).status_code for _ in range(11)]
    assert answers == [422] * 10 + [429], "nor is that without end"


def test_looking_does_not_use_it_up_and_nobody_keeps_or_hands_on_the_page(world, visit, link):
    address = link(world.ren)
    for method in ("GET", "HEAD", "GET"):
        page = visit().open(address, method=method)
        assert page.status_code == 200
        assert page.headers["Cache-Control"] == "no-store"
        assert page.headers["Referrer-Policy"] == "strict-origin"


@pytest.mark.hardening("H-49")
def test_the_token_is_in_no_log(world, visit, link, caplog):
    address = link(world.ren)
    visit().get(address)
    visit().post(address, data=NEW)
    assert "GET /choose-password/..." in caplog.text
    assert address.rpartition("/")[2] not in caplog.text


def test_the_administrator_sees_it_once_with_what_to_do(app, world, visit):
    app.config["PUBLIC_URL"] = "http://localhost"
    ana, page = visit(world.ana), f"/users/{world.gus.id}"
    answer = ana.post(f"{page}/password-link")
    assert answer.status_code == 200
    assert answer.headers["Cache-Control"] == "no-store"
    made = dom.read(answer.text).find("link-made")
    assert made.text == "A link for Gus Visser"
    [link] = re.findall(r"http://localhost(/choose-password/[\w-]{43})<", answer.text)
    for said in ("hand it over to nobody else", "It works once, until", "shown only here and now"):
        assert said in answer.text
    assert visit().get(link).status_code == 200
    again = ana.get(f"{page}/sign-in").text
    assert "/choose-password/" not in again
    assert "A link that <bdi>Ana Silva</bdi> made works until" in again
    assert 'id="stream"' not in answer.text, "what is shown once must not be drawn anew"
    assert 'id="stream"' in again


def test_the_sign_in_page_says_what_to_do_and_a_guest_is_not_revealed(world, visit):
    assert '<a href="/forgot-password">Forgot your password?</a>' in visit().get("/sign-in").text
    guest, nobody = (
        visit().post("/sign-in", data={"email": email, "password": PASSWORD})
        for email in ("gus@example.org", "no1@example.org")
    )
    assert (guest.status_code, guest.text.replace("gus@", "no1@")) == (nobody.status_code, nobody.text)


@pytest.mark.parametrize("how", ["shut out", "demoted", "another password"])
def test_what_somebody_gave_ends_with_their_rights(world, visit, link, how):
    rights_actions.set_role(world.ana, world.mia, Role.ADMIN)
    token = password_actions.make_password_link(world.mia, world.ana)
    others = password_actions.make_password_link(world.ana, world.ren)
    db.commit()
    if how == "shut out":
        rights_actions.set_active(world.ana, world.mia, False)
    elif how == "demoted":
        rights_actions.set_role(world.ana, world.mia, Role.AGENT)
    else:
        actions.change_password(world.mia, current=PASSWORD, new=NEW["password"])
    db.commit()
    assert is_void(visit().get(f"/choose-password/{token}"))
    assert is_void(visit().post(f"/choose-password/{token}", data=NEW))
    assert signs_in(visit, world.ana, PASSWORD)
    assert visit().get(f"/choose-password/{others}").status_code == 200, "what others gave still works"


def test_a_link_of_somebody_who_lost_their_rights_past_the_actions_opens_nothing(world, visit):
    rights_actions.set_role(world.ana, world.mia, Role.ADMIN)
    token = password_actions.make_password_link(world.mia, world.ren)
    world.mia.role = Role.AGENT
    db.commit()
    assert is_void(visit().post(f"/choose-password/{token}", data=NEW))


def test_sent_twice_it_leads_to_the_same_place_in_the_browser_that_used_it(world, visit, link):
    """Without scripts, or where the first answer was lost: it has worked, and nothing else is said."""
    address, browser = link(world.ren), visit()
    assert [browser.post(address, data=NEW).location for _ in range(2)] == ["/", "/"]
    assert "Your password is chosen. You are signed in." in browser.get("/tickets").text
    assert is_void(visit().post(address, data=NEW))
    App(world.mia)
    address, browser = link(world.mia), visit()
    assert [browser.post(address, data=NEW).location for _ in range(2)] == ["/sign-in/second"] * 2
    with clock.at(clock.now() + timedelta(minutes=5)):
        assert is_void(browser.post(address, data=NEW))
