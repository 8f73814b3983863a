"""The people of the desk: staff see them, administrators change their rights, and one of those always stays."""

import re
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from threading import Barrier

import pytest
from sqlalchemy import event, select
from sqlalchemy.engine import Engine
from werkzeug.exceptions import Forbidden

from informejo import db
from informejo.accounts import people_queries, rights_actions
from informejo.accounts.models import Role, User
from informejo.accounts.people_queries import PeopleFilter, Place
from informejo.events import log
from informejo.events.names import EventName
from informejo.teams.models import Team, TeamMember
from informejo.tickets import change_actions
from tests.live import dom


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


def test_a_search_shows_no_numbers_that_are_not_its_own(world, visit):
    """They are of everybody, and counting everybody anew is half of what a search would take."""
    text = visit(world.mia).get("/users?q=ren").text
    assert names(text) == ["Ren"]
    assert "list-count" not in text


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
        ("active=inactive", ["Dan"]),
        ("active=active&role=agent", ["Mia", "Tom"]),
        ("active=perhaps&team=99&q=mia", ["Mia"]),
        ("after=99999&q=mia", ["Mia"]),
        ("before=-1&q=mia", ["Mia"]),
        ("after=99999999999999999999&q=mia", ["Mia"]),
        ("page=last&q=mia", ["Mia"]),
    ],
)
def test_a_filter_finds_people_by_name_address_department_and_role(world, visit, query, found):
    world.zoe.department = "Vertrieb Süd"
    db.commit()
    assert names(visit(world.mia).get(f"/users?{query}").text) == found


def links(text: str) -> dict[str, str]:
    """The pages beside this one, by the words of their links."""
    found = [(link.text.partition(" ")[0], link["href"]) for link in dom.read(text).all("a", class_name="button")]
    return {word: address for word, address in found if word in ("First", "Previous", "Next", "Last")}


def test_a_long_list_has_pages_both_ways_and_both_ends(world, visit, monkeypatch):
    monkeypatch.setattr(people_queries, "PAGE", 3)
    browser = visit(world.mia)
    first = browser.get("/users").text
    assert (names(first), [*links(first)]) == (["Ana", "Dan", "Gus"], ["Next", "Last"])
    second = browser.get(links(first)["Next"]).text
    assert (names(second), [*links(second)]) == (["Mia", "Ren", "Tom"], ["First", "Previous", "Next", "Last"])
    third = browser.get(links(second)["Next"]).text
    assert (names(third), [*links(third)]) == (["Zoe"], ["First", "Previous"])
    assert names(browser.get(links(third)["Previous"]).text) == ["Mia", "Ren", "Tom"]
    back = browser.get(links(second)["Previous"]).text
    assert (names(back), [*links(back)]) == (["Ana", "Dan", "Gus"], ["Next", "Last"])
    last = browser.get(links(first)["Last"]).text
    assert (names(last), [*links(last)]) == (["Ren", "Tom", "Zoe"], ["First", "Previous"])


def test_pages_keep_the_filter_and_whoever_left_the_list_does_not_break_it(world, visit, monkeypatch):
    monkeypatch.setattr(people_queries, "PAGE", 1)
    browser = visit(world.mia)
    first = browser.get("/users?role=agent&q=example").text
    assert names(first) == ["Dan"]
    assert names(browser.get(links(first)["Next"]).text) == ["Mia"]
    assert names(browser.get(f"/users?role=agent&after={world.zoe.id}").text) == ["Dan"], "nobody comes after Zoe"


def test_a_team_shows_its_people(world, visit):
    team = Team(name="Network")
    db.session.add(team)
    db.session.flush()
    db.session.add(TeamMember(team_id=team.id, user_id=world.tom.id))
    db.commit()
    assert names(visit(world.mia).get(f"/users?team={team.id}").text) == ["Tom"]


@pytest.mark.hardening("O-12")
@pytest.mark.parametrize("query", [
    "", "after=3", "before=3", "page=last", "role=guest", "role=guest&after=6", "role=agent&page=last",
    "active=inactive", "active=inactive&before=7", "role=guest&active=inactive", "role=user&active=active&page=last",
])  # fmt: skip
def test_no_page_of_the_list_sorts_or_goes_through_everybody(world, visit, query):
    """Whatever it shows, the database begins at its place in an index that has the order of the list."""
    with plans("SELECT users.id") as steps:
        assert visit(world.mia).get(f"/users?{query}").status_code == 200
    asked = [step for step in steps if "users" in step or "B-TREE" in step]
    assert asked
    assert [step for step in asked if "ix_users" not in step and "PRIMARY KEY" not in step] == []
    if "role=" in query:
        assert [step for step in asked if "COVERING" not in step and "PRIMARY" not in step] == [], "nor looks at each"
    if "=" in query and "page" not in query.split("=")[0]:
        assert any(step.startswith("SEARCH") or "ix_users_shut_out" in step for step in asked)


@contextmanager
def plans(begins: str):
    """The steps of the plans of what is asked meanwhile and begins so, but for what asks for rows by their ids."""
    steps = []

    def note(connection, _cursor, statement, values, *_):
        if statement.startswith(begins) and "folded" in statement and " IN (" not in statement:
            plan = connection.connection.driver_connection.execute(f"EXPLAIN QUERY PLAN {statement}", values)
            steps.extend(step[3] for step in plan)

    event.listen(Engine, "before_cursor_execute", note)
    yield steps
    event.remove(Engine, "before_cursor_execute", note)


def test_tickets_are_counted_that_the_reader_may_see(world, visit):
    def people():
        return people_queries.users_for(world.mia, PeopleFilter(), Place()).people

    world.ticket()
    assert {person.user.name: person.tickets for person in people()}["Ren Ito"] == 1
    change_actions.delete_ticket(world.ana, world.ticket())
    assert {person.user.name: person.tickets for person in people()}["Ren Ito"] == 1


@pytest.mark.hardening("H-07")
def test_only_administrators_are_offered_and_allowed_changes(world, visit):
    for tab, deed in (("rights", "role"), ("rights", "activity"), ("sign-in", "password-link")):
        assert f"/users/{world.ren.id}/{deed}" in visit(world.ana).get(f"/users/{world.ren.id}/{tab}").text
        assert visit(world.mia).get(f"/users/{world.ren.id}/{tab}").status_code == 403
    assert "<form" not in visit(world.mia).get(f"/users/{world.ren.id}").text.partition("<main")[2]
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
    assert updated.changes["role"] == ["agent", "user"]
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
    for tab in ("", "/rights", "/sign-in"):
        assert 'method="post" action="/users/' not in browser.get(f"/users/{world.ana.id}{tab}").text
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
                rights_actions.set_active(actor, other, False)
                db.commit()
            except Forbidden:
                return False
            return True

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(shut_out, pairs)) == [False, True]
    assert db.session.scalars(select(User.name).where(User.role == Role.ADMIN, User.active)).all()
