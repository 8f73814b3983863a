"""Two administrators at one form: neither undoes what the other did, and who changes the same is asked."""

import pytest

from informejo import db
from informejo.accounts.models import Role
from informejo.teams import actions
from informejo.teams.queries import categories_of
from informejo.tickets.words import Category
from tests.live import dom


@pytest.fixture
def ana(world, visit):
    return visit(world.ana)


@pytest.fixture
def mia(world, visit):
    """Another administrator."""
    world.mia.role = Role.ADMIN
    db.commit()
    return visit(world.mia)


@pytest.fixture
def team(world):
    """Payroll, which sees all tickets and gets those about access; Tom is in it."""
    team = actions.create_team(world.ana, name="Payroll")
    actions.change_team(world.ana, team, name="Payroll", sees_all=True, categories=[Category.ACCESS])
    actions.add_member(world.ana, team, world.tom)
    db.commit()
    return team


def drawn(page: str, action: str) -> dict[str, list[str]]:
    """What the form with that action sends, as it stands in that page."""
    [form] = dom.read(page).all("form", action=action)
    return form.sent


def test_a_stale_page_of_a_team_gives_no_sight_back_and_takes_no_category_back(world, ana, mia, team):
    here = f"/teams/{team.id}"
    stale = drawn(mia.get(here).text, here)
    ana.post(here, data={"name": "Payroll", "sees": "own", "categories": ["travel"]})
    answer = mia.post(here, data=stale | {"name": "Payroll and wages", "categories": ["access", "network"]})
    assert answer.status_code == 303
    assert (team.name, team.sees_all, world.tom.narrowed) == ("Payroll and wages", False, True)
    assert categories_of(team) == [Category.NETWORK, Category.TRAVEL]


@pytest.mark.hardening("X-24")
def test_of_two_who_give_a_team_another_name_the_second_is_asked(ana, mia, team):
    here = f"/teams/{team.id}"
    form = drawn(mia.get(here).text, here)
    ana.post(here, data=form | {"name": "Wages"})
    answer = mia.post(here, data=form | {"name": "Pay"})
    assert (answer.status_code, team.name) == (409, "Wages")
    assert "Somebody changed this meanwhile to “Wages”. Save again to put yours there." in answer.text
    again = drawn(answer.text, here)
    assert again["name"] == ["Pay"], "what was typed is kept"
    assert (mia.post(here, data=again).status_code, team.name) == (303, "Pay")


def test_two_who_narrow_a_team_at_once_agree(ana, mia, team):
    here = f"/teams/{team.id}"
    form = drawn(mia.get(here).text, here)
    assert [browser.post(here, data=form | {"sees": "own"}).status_code for browser in (ana, mia)] == [303, 303]
    assert not team.sees_all


def test_a_stale_page_of_a_person_puts_nothing_back(world, ana, mia):
    here = f"/users/{world.ren.id}"
    stale = drawn(mia.get(here).text, f"{here}/person")
    ana.post(f"{here}/person", data=stale | {"name": "Ren Right"})
    assert mia.post(f"{here}/person", data=stale | {"department": "Roof"}).status_code == 303
    assert (world.ren.name, world.ren.department) == ("Ren Right", "Roof")


@pytest.mark.hardening("X-24")
def test_of_two_who_call_somebody_otherwise_the_second_is_asked(world, ana, mia):
    here = f"/users/{world.ren.id}"
    form = drawn(mia.get(here).text, f"{here}/person")
    ana.post(f"{here}/person", data=form | {"department": "Cellar"})
    answer = mia.post(f"{here}/person", data=form | {"department": "Roof"})
    assert (answer.status_code, world.ren.department) == (409, "Cellar")
    assert "Somebody changed this meanwhile to “Cellar”." in answer.text
    again = drawn(answer.text, f"{here}/person")
    assert (mia.post(f"{here}/person", data=again).status_code, world.ren.department) == (303, "Roof")
