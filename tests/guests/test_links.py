"""A link opens one ticket for its requester, whatever else they are, and lets nobody anywhere else."""

import pytest

from informejo import db
from informejo.guests.link_actions import make_link


@pytest.fixture
def ticket(world):
    return world.ticket(world.gus)


@pytest.fixture
def come(visit):
    """`come(user, ticket)`: a browser that came by a new link."""

    def come(user, ticket, browser=None):
        token = make_link(user, ticket).token
        db.commit()
        browser = browser or visit()
        answer = browser.get(f"/t/{token}")
        assert (answer.status_code, answer.location) == (303, f"/tickets/{ticket.id}")
        return browser

    return come


def test_a_link_opens_its_ticket_and_no_other_page(world, ticket, come):
    other = world.ticket(world.gus, "Another one")
    gus = come(world.gus, ticket)
    page = gus.get(f"/tickets/{ticket.id}")
    assert page.status_code == 200
    assert "You are here by a link" in page.text
    assert gus.get(f"/tickets/{other.id}").status_code == 303
    for address in ("/tickets", "/profile", "/tickets/new", "/unread", "/queue"):
        assert gus.get(address).status_code == 303, address
    assert gus.post("/tickets", data={"title": "A title", "description": "A description."}).status_code == 401
