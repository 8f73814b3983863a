"""Whom a name meant in the moment of an event, when names have changed hands since."""

import pytest

from informejo import db, policy
from informejo.accounts import rights_actions
from informejo.accounts.actions import edit_profile
from informejo.accounts.models import Role, User
from informejo.events import log
from informejo.events.models import Audience
from informejo.events.names import EventName
from informejo.teams import actions as teams


@pytest.fixture
def moment(world, ticket):
    """`moment(user)`: an event that happens now, about that person if any."""

    def moment(user=None):
        event = log.record(EventName.TICKET_UPDATED, world.mia, ticket=ticket, audience=Audience.STAFF, user=user)
        db.commit()
        return event

    return moment


@pytest.mark.hardening("O-03")
def test_a_teams_name_means_whichever_team_had_it_in_that_moment(world, team, moment):
    """One was called Phones, then Wages, and is no more; after it both names were given to others."""

    def named(name: str):
        made = teams.create_team(world.ana, name=name)
        db.commit()
        return made

    first = moment()
    teams.change_team(world.ana, team, name="Wages", sees_all=True, categories=[])
    servers = named("Phones")
    second = moment()
    teams.change_team(world.ana, servers, name="Servers", sees_all=True, categories=[])
    teams.add_member(world.ana, servers, world.tom)
    phones, third = named("Phones"), moment()
    teams.delete_team(world.ana, team)
    wages, last = named("Wages"), moment()
    for event, meant in (
        (first, {"Phones": None}),
        (second, {"Phones": servers, "Wages": None}),
        (third, {"Phones": phones, "Wages": None, "Servers": servers}),
        (last, {"Phones": phones, "Wages": wages, "Servers": servers, "Nobody's": None}),
    ):
        assert {name: policy.team_meant(event, name) for name in meant} == meant


def rename(*people):
    for person, name in people:
        edit_profile(person, name=name)
    db.commit()


@pytest.mark.hardening("O-03")
def test_a_name_means_whoever_of_the_staff_had_it_in_that_moment(world, moment):
    mia, tom, ana, zoe = world.mia, world.tom, world.ana, world.zoe
    rename((mia, "Mia Odd"))
    first, about_mia = moment(), moment(mia)
    rename((tom, "Tom Lang"), (ana, "Tom Berg"))
    rights_actions.set_role(ana, zoe, Role.AGENT)  # which is no other name
    second = moment()
    rename((tom, "Tom Third"), (mia, "Mia Even"), (world.ren, "Mia Odd"), (zoe, "Tom Lang"))
    for event, names, people in (
        (first, ["Tom Berg"], {tom}),
        (first, ["Ana Silva", "Mia Odd", "Nobody"], {ana, mia}),
        (first, ["Zoe Kaur", "Ren Ito", "Tom Lang"], {zoe}),  # she is of the staff now, and Ren is not
        (first, [], set()),
        (second, ["Tom Berg", "Tom Lang"], {ana, tom}),
        (second, ["Ana Silva", "Mia Lund", "Tom Third"], set()),
        (about_mia, ["Tom Berg"], {tom, mia}),
        (about_mia, ["Mia Odd", "Tom Berg"], {mia, tom}),
        (about_mia, [], {mia}),
    ):
        assert policy.staff_meant(event, names) == {person.id for person in people}, names


@pytest.mark.hardening("O-03")
def test_of_two_who_had_a_name_in_that_moment_neither_is_meant_unless_it_says_who(world, moment):
    world.dan.name = world.tom.name
    either, toms = moment(), moment(world.tom)
    rename((world.tom, "Tom Lang"), (world.dan, "Dan Wolf"))
    assert policy.staff_meant(either, ["Tom Berg"]) == set()
    assert policy.staff_meant(toms, ["Tom Berg"]) == {world.tom.id}


@pytest.mark.hardening("O-03")
def test_whoever_came_later_is_not_meant_by_the_name_of_one_who_has_left(world, moment):
    before, tom = moment(), world.tom
    rights_actions.set_role(world.ana, tom, Role.USER)
    newcomer = User(email="tom.b@example.org", name=tom.name, role=Role.AGENT)
    db.session.add(newcomer)
    db.commit()
    assert policy.staff_meant(before, [tom.name]) == set()
    assert policy.staff_meant(moment(), [tom.name]) == {newcomer.id}
