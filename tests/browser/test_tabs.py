"""Many tabs of one person: all usable over HTTP/1.1, the one in front live, and all closed together."""

import re

import pytest
from playwright.sync_api import Page, expect

from informejo.accounts import rights_actions
from informejo.accounts.models import Role
from informejo.db import commit

pytestmark = [pytest.mark.browser, pytest.mark.server]

# Headless Chromium shows all its tabs at once; only what pages are told about it can be changed.
TURN = """(hidden) => {
  Object.defineProperties(document, {
    hidden: { value: hidden, configurable: true },
    visibilityState: { value: hidden ? "hidden" : "visible", configurable: true },
  });
  document.dispatchEvent(new Event("visibilitychange"));
}"""
WITHIN = 5_000  # milliseconds in which rights that are gone must show


def to_the_back(page: Page):
    page.evaluate(TURN, True)


def to_the_front(page: Page):
    page.bring_to_front()
    page.evaluate(TURN, False)


@pytest.fixture
def watched(browse):
    """`watched(user)` is somebody whose rights will go: the stream answers 401 then, which Chromium reports."""

    def watched(user):
        person = browse(user)
        person.loses_the_sign_in()
        person.forgives("status of 404")
        return person

    return watched


@pytest.mark.hardening("L-22")
def test_ten_tabs_are_all_usable_and_the_one_in_front_is_live(browse, world):
    tickets = [world.ticket(title=f"Matter {number}").number for number in range(10)]
    ren, mia, tabs = browse(world.ren), browse(world.mia), []
    for ticket in tickets:
        tabs.append(ren.new_tab(f"/tickets/{ticket}"))
        mia.post(f"/tickets/{ticket}/comments", body="You have this in front of you.")
        expect(tabs[-1].locator("#timeline")).to_contain_text("in front of you")
        to_the_back(tabs[-1])
    for ticket in tickets:
        mia.post(f"/tickets/{ticket}/comments", body="You did not look.")
    for page in tabs:
        to_the_front(page)
        expect(page.locator("#timeline")).to_contain_text("You did not look.")
        page.get_by_label("Your message").fill("Now I do.")
        page.get_by_label("Your message").press("Control+Enter")
        expect(page.locator("#timeline")).to_contain_text("Now I do.")
        to_the_back(page)


@pytest.mark.hardening("H-33")
def test_signing_out_in_one_tab_closes_the_others(watched, browse, world):
    ticket = world.ticket()
    ren, elsewhere = watched(world.ren), browse(world.ren)
    other, front = ren.open(f"/tickets/{ticket.number}"), ren.new_tab("/tickets")
    elsewhere.open("/tickets")
    front.get_by_role("button", name="your account").click()
    front.get_by_role("button", name="Sign out").click()
    expect(front.get_by_text("You are signed out.")).to_be_visible()
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible(timeout=WITHIN)
    expect(elsewhere.page.locator("#live-mark")).to_have_text("Live")


@pytest.mark.hardening("H-33", "F-19")
def test_whoever_is_shut_out_sees_nothing_more_within_seconds(watched, world, newcomer):
    ticket, agent = world.ticket(), newcomer(Role.AGENT)
    page = watched(agent).open(f"/tickets/{ticket.number}")
    rights_actions.set_active(world.ana, agent, False)
    commit()
    world.comment(world.ren, ticket, "Nobody else may read this.")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=WITHIN)
    assert "Nobody else" not in page.content()


def test_a_new_role_takes_effect_within_seconds(watched, world, newcomer):
    ticket, agent = world.ticket(), newcomer(Role.AGENT)
    page = watched(agent).open(f"/tickets/{ticket.number}")
    rights_actions.set_role(world.ana, agent, Role.USER)
    commit()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible(timeout=WITHIN)


@pytest.mark.hardening("X-51")
def test_a_ticket_that_goes_into_the_bin_leaves_the_screens_of_those_who_look_at_it(watched, browse, world):
    ticket = world.ticket()
    ren, ana = watched(world.ren), browse(world.ana)
    ren.open(f"/tickets/{ticket.number}")
    ana.open(f"/tickets/{ticket.number}").get_by_role("button", name="Move to the bin").click()
    expect(ana.page.get_by_text(re.compile("The ticket is in the bin"))).to_be_visible()
    expect(ren.page.get_by_role("heading", name="is not here any more")).to_be_visible(timeout=WITHIN)
