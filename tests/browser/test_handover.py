"""Somebody leaves the desk while others look: their lists, counts and pages hear of it without being asked."""

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role
from informejo.db import commit
from informejo.tickets import change_actions

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def jakub(newcomer):
    return newcomer(Role.AGENT, "Jakub Novak")


@pytest.fixture
def given(world, jakub):
    """`given(title)` is one more ticket that Jakub has."""

    def given(title: str):
        ticket = world.ticket(title=title)
        change_actions.assign(world.mia, ticket, jakub)
        commit()
        return ticket

    return given


def test_tickets_that_are_handed_over_change_hands_on_every_open_page(browse, world, newcomer, jakub, given):
    clara, ticket = newcomer(Role.AGENT, "Clara Weiss"), given("The scanner hums")
    receiver = browse(clara).open("/queue?assignee=none")
    queue, page = browse(world.mia).open("/queue"), browse(world.ren).open(f"/tickets/{ticket.number}")
    admin = browse(world.ana).open(f"/users/{jakub.id}/rights")
    admin.get_by_label("Their unsolved tickets go to").select_option("Clara Weiss")
    admin.get_by_role("button", name="Deactivate Jakub Novak").click()
    expect(admin.get_by_text("Jakub Novak is deactivated. 1 ticket went to Clara Weiss.")).to_be_visible()
    expect(queue.locator(f"#row-{ticket.number}").get_by_role("img", name="Clara Weiss")).to_be_visible()
    expect(page.locator("#ticket-head")).to_contain_text("Clara Weiss is on it")
    expect(receiver.locator("#count-mine")).to_have_text("1")
    expect(receiver.locator("#toasts")).to_contain_text(f"#{ticket.number} The scanner hums")


def test_the_number_before_is_so_now_and_what_was_chosen_stays_chosen(browse, world, jakub, given):
    given("The scanner hums")
    page = browse(world.ana).open(f"/users/{jakub.id}/rights")
    expect(page.get_by_text("1 unsolved ticket is assigned to them.")).to_be_visible()
    receiver = page.get_by_label("Their unsolved tickets go to")
    receiver.select_option("Mia Lund")
    given("The printer smokes")
    expect(page.get_by_text("2 unsolved tickets are assigned to them.")).to_be_visible()
    expect(receiver.locator(":checked")).to_have_text("Mia Lund")
