"""Back, in a browser that several people use: what one typed stands in nobody else's form."""

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.server, pytest.mark.hardening("X-53")]
SECRET = "They have asked this three times"
FORMS = {"a ticket": "Your message", "a new ticket": "What happens, and since when?"}


@pytest.fixture
def tab(browse, newcomer, world):
    """`tab(with_scripts)`: one in which an agent is signed in, somebody else, and a ticket of theirs."""

    def tab(with_scripts: bool):
        maren, ren = newcomer(Role.AGENT, "Maren Holt"), newcomer()
        person = browse(maren, java_script_enabled=with_scripts)
        person.forgives("401", "409")  # what a page of the one before asks for by itself
        return person.page, ren, world.ticket(by=ren)

    return tab


def sign_in(page, person):
    page.get_by_label("E-mail address").fill(person.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.wait_for_url(lambda url: "/sign-in" not in url)


def back_to(page, path: str):
    while not page.url.endswith(path):
        page.go_back()


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("form", FORMS)
def test_what_one_person_typed_is_not_in_the_next_ones_form(tab, with_scripts, form):
    page, ren, ticket = tab(with_scripts)
    path = f"/tickets/{ticket.number}" if form == "a ticket" else "/tickets/new"
    page.goto(path)
    page.get_by_label(FORMS[form]).press_sequentially(SECRET)
    page.goto("/profile")
    page.context.clear_cookies()
    page.goto("/sign-in", wait_until="commit")  # the page before may be on its way there by itself
    sign_in(page, ren)
    back_to(page, path)
    assert SECRET not in [box.input_value() for box in page.locator("textarea, input:not([type=file])").all()]


@pytest.mark.parametrize("with_scripts", [True, False], ids=["scripts", "no scripts"])
def test_who_comes_back_finds_there_what_they_typed_themselves(tab, with_scripts):
    page, _ren, ticket = tab(with_scripts)
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").press_sequentially(SECRET)
    page.goto("/profile")
    page.go_back()
    expect(page.get_by_label("Your message")).to_have_value(SECRET)
