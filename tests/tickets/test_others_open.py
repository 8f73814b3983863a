"""Same person, still open: beside a ticket the staff see what else its requester waits for."""

import pytest

from informejo import db
from informejo.accounts.models import Role
from informejo.tickets import change_actions, person_queries
from informejo.tickets.words import Status
from tests.live import dom


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def beside(world, visit, ticket):
    """`beside()`: what Mia's page of the ticket says of the requester's others."""
    return lambda: dom.read(visit(world.mia).get(f"/tickets/{ticket.id}").text).find("ticket-others")


def titles(element: dom.Element) -> list[str]:
    return [link.text for item in element.all("li") for link in item.all("a")]


def test_open_ones_of_the_same_person_the_latest_activity_first(world, ticket, beside):
    assert "Nothing else." in beside().text
    first, second = world.ticket(title="The screen flickers"), world.ticket(title="The mouse squeaks")
    world.ticket(world.zoe, "Zoe's own")
    world.comment(world.ren, first)
    assert titles(beside()) == [f"#{first.id} The screen flickers", f"#{second.id} The mouse squeaks"]
    change_actions.set_status(world.mia, first, Status.RESOLVED)
    change_actions.delete_ticket(world.ana, second)
    db.commit()
    assert titles(beside()) == []


def test_of_many_five_are_named_and_a_link_leads_to_all(world, ticket, beside):
    for number in range(person_queries.MOST + 2):
        world.ticket(title=f"Printer {number}")
    shown = beside()
    assert len(titles(shown)) == person_queries.MOST
    [to_all] = [link for link in shown.all("a") if link.text == "All 7"]
    assert to_all["href"] == f"/queue?requester={world.ren.id}"


def test_an_open_page_reads_it_again_when_something_happens_at_the_desk(world, visit, ticket, beside):
    waits = beside()
    assert waits["hx-trigger"].startswith("desk-changed from:body")
    world.ticket(title="The screen flickers")
    fresh = dom.read(visit(world.mia).get(waits["hx-get"]).text).find("ticket-others")
    assert titles(fresh) == titles(beside())
    assert len(titles(fresh)) == 1


def test_its_requester_is_not_shown_it_even_one_of_the_staff_before(world, visit):
    own, other = world.ticket(world.tom, "My keyboard"), world.ticket(world.tom, "My screen")
    assert f"/tickets/{other.id}" in visit(world.tom).get(f"/tickets/{own.id}").text
    world.tom.role = Role.USER
    db.commit()
    assert f"/tickets/{other.id}" not in visit(world.tom).get(f"/tickets/{own.id}").text
    assert visit(world.tom).get(f"/tickets/{own.id}/others").status_code == 404
