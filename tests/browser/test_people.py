"""An administrator looks after people: by keys alone, and whom it concerns sees it on the page that is open."""

import re

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role

pytestmark = [pytest.mark.browser, pytest.mark.server]
PHONE = {"viewport": {"width": 320, "height": 640}, "has_touch": True}
SECRET = "violet ladder 77 sea"


def tab_to(wanted):
    """Press Tab until that has the focus."""
    for _ in range(60):
        wanted.page.keyboard.press("Tab")
        if wanted.evaluate("one => one === document.activeElement"):
            return
    pytest.fail("Tab does not lead there")


def test_somebody_invited_by_a_link_chooses_a_password_on_a_phone_and_is_in(browse, world):
    admin = browse(world.ana).open("/users/new")
    admin.get_by_label("Who").fill("Nuru Abdi <nuru@example.org>")
    admin.get_by_label("Show me the links").check()
    admin.get_by_role("button", name="Invite").click()
    link = admin.locator(".one-time-link").inner_text()
    person = browse(**PHONE)
    page = person.open(link)
    page.get_by_label("New password").fill(SECRET)
    page.get_by_label("Repeat the password").fill(SECRET)
    page.get_by_role("button", name="Choose this password").click()
    expect(page.get_by_role("heading", name="My tickets")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["viewport"]["width"]
    late = browse()
    late.forgives("status of 410")
    expect(late.open(link).get_by_role("main")).to_contain_text(re.compile("used|no longer|not any more"))


def test_two_accounts_become_one_by_keys_alone_and_the_other_is_signed_out_where_they_look(browse, world, newcomer):
    other, stays = newcomer(Role.USER, "Ada Twice"), newcomer(Role.USER, "Ada Once")
    ticket = world.ticket(by=other, title="Two of me")
    twin, queue = browse(other), browse(world.mia).open("/queue")
    twin.loses_the_sign_in()
    open_page = twin.open(f"/tickets/{ticket.number}")
    page = browse(world.ana).open(f"/users/{other.id}/merge")
    tab_to(page.get_by_label("Which account"))
    page.keyboard.type("Ada Once")
    page.keyboard.press("Enter")
    tab_to(page.get_by_role("link", name="Ada Once"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Twice becomes part of Ada Once")).to_be_visible()
    tab_to(page.get_by_role("button", name="Merge into Ada Once"))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Ada Once")).to_be_visible()
    expect(queue.locator(f"#row-{ticket.number}")).to_contain_text("Ada Once")
    expect(open_page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(browse(stays).open("/tickets").get_by_text("Two of me")).to_be_visible()
