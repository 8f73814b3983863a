"""The people of the desk: staff see them, administrators change their rights, and one of those always stays."""

import re
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select
from werkzeug.exceptions import Forbidden

from informejo import db
from informejo.accounts import actions, queries
from informejo.accounts.models import Role, User
from informejo.events import log
from informejo.events.names import EventName
from informejo.tickets import change_actions


def names(text: str) -> list[str]:
    return re.findall(r'<a href="/users/\d+">(\w+) ', text.partition('<ul class="people">')[2])


def set_role(browser, user, value, **filter):
    return browser.post(f"/users/{user.id}/role", data={"value": value, **filter})


def set_activity(browser, user, value, **filter):
    return browser.post(f"/users/{user.id}/activity", data={"value": value, **filter})


def is_in(browser) -> bool:
    return browser.get("/profile").status_code == 200


def test_staff_see_everybody_and_requesters_nobody(world, visit):
    for key in ("mia", "ana"):
        assert names(visit(getattr(world, key)).get("/users").text) == ["Ana", "Dan", "Gus", "Mia", "Ren", "Tom", "Zoe"]
    assert visit(world.ren).get("/users").status_code == 403
    assert visit().get("/users").status_code == 303


def test_the_page_counts_people(world, visit):
    text = visit(world.mia).get("/users").text
    assert "All: 7. Administrators: 1, agents: 3, requesters: 2, guests: 1. Deactivated: 1." in text


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("q=REN@", ["Ren"]),
        ("q=berg", ["Tom"]),
        ("q=SUD", ["Zoe"]),
        ("q=vertrieb+zoe", ["Zoe"]),
        ("q=vertrieb+ren", []),
        ("q=%25", []),
        ("q=_", []),
        ("role=guest", ["Gus"]),
        ("role=agent", ["Dan", "Mia", "Tom"]),
        ("role=agent&q=mia", ["Mia"]),
        ("role=nonsense&q=mia", ["Mia"]),
        ("page=2&q=mia", ["Mia"]),
        ("page=-1&q=mia", ["Mia"]),
        ("page=99999999999999999999&q=mia", ["Mia"]),
    ],
)
def test_a_filter_finds_people_by_name_address_department_and_role(world, visit, query, found):
    world.zoe.department = "Vertrieb Süd"
    db.commit()
    assert names(visit(world.mia).get(f"/users?{query}").text) == found


def test_a_long_list_has_pages(world, visit, monkeypatch):
    monkeypatch.setattr(queries, "PAGE", 3)
    browser = visit(world.mia)
    first, last = browser.get("/users").text, browser.get("/users?page=3").text
    assert (names(first), names(last)) == (["Ana", "Dan", "Gus"], ["Zoe"])
    assert 'href="/users?page=2"' in first
    assert 'href="/users?page=4"' not in last


def test_tickets_are_counted_that_the_reader_may_see(world, visit):
    world.ticket()
    assert {person.user.name: person.tickets for person in queries.users_for(world.mia).people}["Ren Ito"] == 1
    change_actions.delete_ticket(world.ana, world.ticket())
    assert {person.user.name: person.tickets for person in queries.users_for(world.mia).people}["Ren Ito"] == 1


@pytest.mark.hardening("H-07")
def test_only_administrators_are_offered_and_allowed_changes(world, visit):
    for deed in ("role", "activity", "password-link"):
        assert f"/users/{world.ren.id}/{deed}" in visit(world.ana).get(f"/users/{world.ren.id}").text
        assert f"/users/{world.ren.id}/{deed}" not in visit(world.mia).get(f"/users/{world.ren.id}").text
    for key, status in (("mia", 403), ("ren", 404), ("ana", 303)):
        browser = visit(getattr(world, key))
        assert set_role(browser, world.zoe, "agent").status_code == status
        assert set_activity(browser, world.tom, "inactive").status_code == status
    assert (world.zoe.role, world.tom.active) == (Role.AGENT, False)


@pytest.mark.hardening("S-50", "O-07", "H-32")
def test_a_role_acts_at_once_and_costs_a_sign_in(world, visit):
    mia = visit(world.mia)
    assert mia.get("/desk").status_code == 200
    set_role(visit(world.ana), world.mia, "user")
    assert not is_in(mia)
    assert visit(world.mia).get("/desk").status_code == 403


def test_a_role_is_recorded_before_the_sessions_end(world, visit):
    visit(world.mia)
    set_role(visit(world.ana), world.mia, "user")
    updated, ended = log.since(0)
    assert (updated.name, updated.actor, updated.user) == (EventName.USER_UPDATED, world.ana, world.mia)
    assert updated.changes == {"role": ["agent", "user"]}
    assert (ended.name, ended.actor, ended.user) == (EventName.SESSION_ENDED, world.ana, world.mia)


def test_the_same_role_again_changes_nothing(world, visit):
    mia = visit(world.mia)
    set_role(visit(world.ana), world.mia, "agent")
    assert is_in(mia)
    assert not log.since(0)


@pytest.mark.hardening("H-33", "S-46", "O-07")
def test_somebody_shut_out_is_out_at_once_and_may_come_back_later(world, visit):
    mia, ana = visit(world.mia), visit(world.ana)
    set_activity(ana, world.mia, "inactive")
    assert not is_in(mia)
    set_activity(ana, world.mia, "active")
    assert not is_in(mia), "an old sign-in must not come back to life"
    assert is_in(visit(world.mia))
    names = [event.name for event in log.since(0)]
    assert names == [EventName.USER_DEACTIVATED, EventName.SESSION_ENDED, EventName.USER_REACTIVATED]


def test_nobody_changes_their_own_rights(world, visit):
    browser = visit(world.ana)
    assert 'method="post" action="/users/' not in browser.get(f"/users/{world.ana.id}").text
    assert set_role(browser, world.ana, "agent").status_code == 403
    assert set_activity(browser, world.ana, "inactive").status_code == 403
    assert (world.ana.role, world.ana.active) == (Role.ADMIN, True)


def test_a_guest_can_be_given_a_role_and_nobody_becomes_one(world, visit):
    browser = visit(world.ana)
    assert set_role(browser, world.gus, "agent").status_code == 303
    assert set_role(browser, world.ren, "guest").status_code == 422
    assert (world.gus.role, world.gus.password_hash, world.ren.role) == (Role.AGENT, None, Role.USER)


def test_what_means_nothing_changes_nothing(world, visit):
    browser = visit(world.ana)
    assert set_role(browser, world.ren, "root").status_code == 400
    assert set_activity(browser, world.ren, "maybe").status_code == 400
    assert browser.post("/users/999/role", data={"value": "agent"}).status_code == 404


def test_two_administrators_who_shut_each_other_out_leave_one(app, world):
    world.tom.role = Role.ADMIN
    db.commit()
    together, pairs = Barrier(2), [(world.ana.id, world.tom.id), (world.tom.id, world.ana.id)]

    def shut_out(pair):
        with app.app_context():
            actor, other = (db.session.get(User, id) for id in pair)
            together.wait()
            try:
                actions.set_active(actor, other, False)
                db.commit()
            except Forbidden:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(shut_out, pairs)) == [False, True]
    assert db.session.scalars(select(User.name).where(User.role == Role.ADMIN, User.active)).all()
