"""Without scripts everything works but being live: plain forms, plain links."""

import pytest
from playwright.sync_api import expect

from informejo.accounts.models import Role
from informejo.db import commit
from informejo.tickets import change_actions
from informejo.tickets.words import Status
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def plain(browse):
    """`plain(user)` is the page of that person, whose browser runs no scripts."""

    def plain(user=None):
        person = browse(user, java_script_enabled=False)
        person.forgives("status of 4")  # how Chromium reports a page that says what is wrong
        return person.page

    return plain


def send(page, text):
    page.get_by_label("Your message").fill(text)
    page.get_by_role("button", name="Send").click()


def choose(page, field, word):
    """Set one field of the ticket that is open."""
    page.get_by_label(field, exact=True).select_option(word)
    page.get_by_role("button", name=f"Save {field}").click()
    expect(page.get_by_label(field, exact=True).locator(":checked")).to_have_text(word)


def test_a_requester_opens_a_ticket_with_a_file(plain, world):
    page = plain(world.ren)
    page.goto("/")
    page.get_by_role("link", name="New ticket").click()
    page.get_by_label("In a few words").fill("The scanner hums")
    page.get_by_label("What happens, and since when?").fill("It hums in B flat since Monday.")
    page.get_by_label("What is it about?").select_option("Hardware")
    page.get_by_label("Files").set_input_files({"name": "hum.txt", "mimeType": "text/plain", "buffer": b"hmmm"})
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_text("You opened this ticket.")).to_be_visible()
    expect(page.get_by_role("heading", name="The scanner hums")).to_be_visible()
    expect(page.get_by_role("link", name="hum.txt")).to_be_visible()


def test_a_requester_talks_says_that_it_is_solved_and_comes_back(plain, world):
    page = plain(world.ren)
    ticket = world.ticket(title="The scanner hums")
    page.goto(f"/tickets/{ticket.number}")
    send(page, "Now it *whistles*.")
    expect(page.locator("#timeline em")).to_have_text("whistles")
    page.get_by_role("button", name="It is solved").click()
    expect(page.get_by_text("You said that it is solved.")).to_be_visible()
    page.get_by_role("button", name="It is not solved: reopen").click()
    expect(page.locator("#ticket-head [data-status=open]")).to_be_visible()
    change_actions.set_status(world.mia, ticket, Status.RESOLVED)
    commit()
    page.reload()
    page.get_by_role("button", name="Yes, it is solved").click()
    expect(page.get_by_text("This ticket is closed.")).to_be_visible()
    send(page, "It hums again, in E.")
    expect(page.get_by_role("heading", name="Again: The scanner hums")).to_be_visible()


def test_a_draft_is_saved_by_button_and_found_again(plain, world):
    ticket, page = world.ticket(), plain(world.ren)
    for path, label in ((f"/tickets/{ticket.number}", "Your message"), ("/tickets/new", "In a few words")):
        page.goto(path)
        page.get_by_label(label).fill("To be continued")
        page.get_by_role("button", name="Save draft").click()
        expect(page.get_by_text("Your draft is saved.")).to_be_visible()
        page.goto(path)
        expect(page.get_by_label(label)).to_have_value("To be continued")


def test_a_form_with_a_problem_says_what_is_wrong_and_keeps_what_was_typed(plain, world):
    page = plain(world.ren)
    page.goto("/tickets/new")
    page.get_by_label("In a few words").fill("      Hm      ")
    page.get_by_label("What happens, and since when?").fill("The scanner hums in B flat.")
    page.get_by_role("button", name="Send").click()
    expect(page.get_by_role("alert")).to_contain_text("One thing needs your attention.")
    expect(page.get_by_label("What happens, and since when?")).to_have_value("The scanner hums in B flat.")


def test_staff_work_on_a_ticket(plain, world):
    ticket, page = world.ticket(), plain(world.mia)
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_role("button", name="Claim").click()
    expect(page.locator("#ticket-head")).to_contain_text("Mia Lund is on it")
    for field, word in (
        ("Status", "Waiting"), ("Priority", "Critical"), ("Category", "Hardware"), ("Assignee", "Tom Berg"),
    ):  # fmt: skip
        choose(page, field, word)
    page.locator(".composer-tabs").get_by_text("Internal note").check()
    page.get_by_label("Your message").fill("Between us: it is the toner.")
    page.get_by_role("button", name="Add note").click()
    expect(page.locator("#timeline .is-internal")).to_contain_text("the toner")


def test_staff_open_a_ticket_for_somebody_else(plain, world):
    page = plain(world.mia)
    page.goto("/tickets/new")
    page.get_by_label("Requester’s e-mail").fill("caller@example.org")
    page.get_by_label("Requester’s name").fill("Cal Ler")
    page.get_by_label("In a few words").fill("Called about the lift")
    page.get_by_label("What happens, and since when?").fill("It stops between the floors.")
    page.get_by_role("button", name="Open ticket").click()
    expect(page.locator(".opening")).to_contain_text("Cal Ler")
    expect(page.locator(".opening")).to_contain_text("opened by Mia Lund")


def test_staff_filter_the_queue_and_read_the_dashboard(plain, world):
    urgent, calm = world.ticket(title="Kettle broken", priority="critical"), world.ticket(title="Kettle slow")
    page = plain(world.mia)
    page.goto("/desk")
    expect(page.get_by_role("heading", name="Unassigned", exact=False).first).to_be_visible()
    page.get_by_role("link", name="Queue").click()
    page.get_by_role("searchbox", name="Search tickets").fill("kettle")
    page.keyboard.press("Enter")
    page.get_by_label("Priority", exact=True).select_option("Critical")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(f"#row-{urgent.number}")).to_be_visible()
    expect(page.locator(f"#row-{calm.number}")).to_have_count(0)
    page.get_by_label("Priority", exact=True).select_option("Any priority")
    page.get_by_role("button", name="Filter").click()
    expect(page.locator(f"#row-{calm.number}")).to_be_visible()


def test_an_admin_deletes_and_restores_a_ticket(plain, world):
    ticket, page = world.ticket(title="Sent by mistake"), plain(world.ana)
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_role("button", name="Move to the bin").click()
    item = page.get_by_role("listitem").filter(has_text=f"#{ticket.number} ")
    item.get_by_role("button", name="Restore").click()
    expect(page.get_by_text("The ticket is back.")).to_be_visible()
    expect(page.get_by_role("heading", name="Sent by mistake")).to_be_visible()


def test_an_admin_changes_a_role_and_shuts_somebody_out(plain, world, newcomer):
    pat = newcomer(Role.USER, "Pat Doe")
    page = plain(world.ana)
    page.goto("/users?q=Pat+Doe")
    page.get_by_role("link", name="Pat Doe").click()
    page.get_by_role("link", name="Role and activity").click()
    page.get_by_label("Role", exact=True).select_option("Agent")
    page.get_by_role("button", name="Change role").click()
    expect(page.get_by_text("Pat Doe is now an agent.")).to_be_visible()
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, pat)
    commit()
    page.reload()
    expect(page.get_by_text("1 unsolved ticket is assigned to them.")).to_be_visible()
    page.get_by_label("Their unsolved tickets go to").select_option("Mia Lund")
    page.get_by_role("button", name="Deactivate Pat Doe").click()
    expect(page.get_by_text("Pat Doe is deactivated. 1 ticket went to Mia Lund.")).to_be_visible()
    page.get_by_role("button", name="Reactivate Pat Doe").click()
    expect(page.get_by_text("Pat Doe is active again.")).to_be_visible()


def test_a_guest_gets_a_link_and_chooses_a_password(plain, world, newcomer):
    guest, page = newcomer(Role.GUEST, "Gil Guest"), plain(world.ana)
    page.goto(f"/users/{guest.id}/sign-in")
    page.get_by_role("button", name="Make a link to choose a password").click()
    expect(page.get_by_role("heading", name="A link for Gil Guest")).to_be_visible()
    link, page = page.locator(".one-time-link").inner_text(), plain()
    page.goto(link)
    for label in ("New password", "Repeat the password"):
        page.get_by_label(label).fill("wrong donkey generator")
    page.get_by_role("button", name="Choose this password").click()
    expect(page.get_by_text("Your password is chosen. You are signed in.")).to_be_visible()
    page.goto(link)  # as whoever goes back, or clicks twice
    expect(page.get_by_role("heading", name="My tickets")).to_be_visible()
    stranger = plain()
    stranger.goto(link)
    expect(stranger.get_by_text("This link has been used or is too old.")).to_be_visible()


def test_somebody_signs_in_changes_profile_and_password_and_signs_out(plain, newcomer):
    user, page = newcomer(), plain()
    page.goto("/profile")
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in", exact=True).click()
    page.get_by_label("Name", exact=True).fill("Kim Renamed")
    page.get_by_label("Colours").select_option("Dark")
    page.get_by_role("button", name="Save", exact=True).click()
    expect(page.get_by_text("Your profile is saved.")).to_be_visible()
    expect(page.locator("html[data-theme=dark]")).to_have_count(1)
    page.get_by_role("link", name="Security").click()
    page.get_by_label("Current password").fill(PASSWORD)
    for label in ("New password", "Repeat the password"):
        page.get_by_label(label).fill("wrong donkey generator")
    page.get_by_role("button", name="Change password").click()
    expect(page.get_by_text("Your password is changed")).to_be_visible()
    page.get_by_role("button", name="Kim Renamed: your account").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto("/profile")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_somebody_registers(plain):
    page = plain()
    page.goto("/register")
    page.get_by_label("Your name").fill("Nia New")
    page.get_by_label("E-mail address").fill("nia@example.org")
    for label in ("New password", "Repeat the password"):
        page.get_by_label(label).fill("seven lanterns over the quay")
    page.get_by_role("button", name="Make an account").click()
    expect(page.get_by_text("Your account is made, and you are signed in.")).to_be_visible()
    page.get_by_role("button", name="Nia New: your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_label("E-mail address").fill("nia@example.org")
    page.get_by_label("Password").fill("seven lanterns over the quay")
    page.get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_role("heading", name="My tickets")).to_be_visible()
