"""Two of the staff change the same ticket at the same time: neither is overruled unseen."""

import pytest
from playwright.sync_api import expect

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def ticket(world):
    return world.ticket()


@pytest.fixture
def tom(browse, world, ticket):
    """Tom at the ticket, whose page does not hear what others do: the moment before the message arrives, made long."""
    tom = browse(world.tom)
    tom.forgives("status of 409", "net::ERR_", "htmx:(sse:)?error", "htmx:response:error")
    tom.page.route("**/live?*", lambda route: route.abort())
    tom.page.goto(f"/tickets/{ticket.number}")
    return tom


@pytest.fixture
def mia(browse, world, ticket):
    mia = browse(world.mia)
    mia.open(f"/tickets/{ticket.number}")
    return mia


@pytest.mark.hardening("X-24")
def test_whoever_is_second_sees_both_values_and_loses_nothing_typed(tom, mia):
    tom.page.get_by_label("Your message").press_sequentially("Half of a sentence")
    expect(tom.page.locator("#draft-state")).to_contain_text("Draft saved")
    mia.page.get_by_label("Priority").select_option("High")
    expect(mia.page.locator("#timeline")).to_contain_text("changed the priority to High")
    tom.page.get_by_label("Priority").select_option("Critical")
    conflict = tom.page.locator("#question-priority")
    expect(conflict).to_contain_text("You both changed the priority")
    expect(conflict).to_contain_text("Mia Lund was first")
    assert conflict.locator(".conflict-value").all_inner_texts() == ["High", "Critical"]
    expect(tom.page.get_by_label("Your message")).to_have_value("Half of a sentence")
    conflict.get_by_role("button", name="Make it “Critical”").click()
    expect(mia.page.get_by_label("Priority")).to_have_value("critical")
    expect(tom.page.get_by_label("Priority")).to_have_value("critical")
    expect(conflict).to_have_text("")
    expect(tom.page.get_by_label("Your message")).to_have_value("Half of a sentence")


def test_the_other_value_can_be_kept(tom, mia):
    mia.page.get_by_label("Status").select_option("Waiting")
    expect(mia.page.locator("#timeline")).to_contain_text("set this to Waiting")
    tom.page.get_by_label("Status").select_option("Resolved")
    tom.page.locator("#question-status").get_by_role("button", name="Keep “Waiting”").click()
    expect(tom.page.get_by_label("Status")).to_have_value("waiting")
    expect(mia.page.locator("#timeline")).not_to_contain_text("Resolved")


@pytest.mark.hardening("X-24")
def test_different_fields_both_win(tom, mia):
    mia.page.get_by_label("Status").select_option("Waiting")
    expect(mia.page.locator("#timeline")).to_contain_text("set this to Waiting")
    tom.page.get_by_label("Priority").select_option("Critical")
    for page in (tom.page, mia.page):
        expect(page.locator("#ticket-properties [data-priority=critical]")).to_be_visible()
        expect(page.locator("#ticket-properties [data-status=waiting]")).to_be_visible()
    expect(tom.page.locator(".conflict")).to_have_count(0)
