"""Two accounts in one browser: what stands in the page of one is never sent, saved or shown as the other's."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from informejo import db
from informejo.accounts.models import Role
from informejo.drafts.models import Draft
from informejo.tickets.models import Comment, Ticket
from tests.world import PASSWORD

pytestmark = [pytest.mark.browser, pytest.mark.server]

TEXT = "I have not been paid since May."
FILE = {"name": "slip.txt", "mimeType": "text/plain", "buffer": b"0.00"}


@pytest.fixture
def shared(browse):
    """`shared(user)` is that person at a browser that others use too; refusals show on its console."""

    def shared(user, **options):
        person = browse(user, **options)
        person.forgives("status (of )?4(01|04|09)")
        return person

    return shared


def sign_in(person, other):
    """Somebody else signs in, in another tab, and nobody has signed out before."""
    front = person.page
    person.page = person.context.new_page()
    person.page.goto("/sign-in?other=yes&next=/profile")
    person.page.get_by_label("E-mail address").fill(other.email)
    person.page.get_by_label("Password").fill(PASSWORD)
    person.page.get_by_role("button", name="Sign in", exact=True).click()
    expect(person.page.get_by_role("heading", name="Your profile")).to_be_visible()
    person.page.close()
    person.page = front


def becomes(person, other):
    """The same past all pages, for tests that look at what the old tab does next."""
    assert person.post("/sign-in?other=yes", email=other.email, password=PASSWORD) == 303


def comments(ticket) -> list[Comment]:
    db.session.rollback()
    return list(db.session.scalars(select(Comment).where(Comment.ticket_id == ticket.id)))


def test_the_old_tab_says_whose_browser_it_is_now_and_keeps_what_is_typed(shared, world, newcomer):
    priya, maren = newcomer(name="Priya Nair"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(by=priya), shared(priya)
    page = tab.open(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").press_sequentially(TEXT)
    sign_in(tab, maren)
    expect(page.locator("#somebody-else")).to_contain_text("You are now signed in as Maren Holt in this browser")
    expect(page.locator("#live-mark")).to_have_text("Not live")
    expect(page.get_by_label("Your message")).to_have_value(TEXT)


@pytest.mark.hardening("X-53")
def test_what_is_typed_on_is_nobody_elses_draft_and_waits_until_its_writer_is_back(shared, world, newcomer):
    priya, maren = newcomer(name="Priya Nair"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(by=priya), shared(priya)
    page = tab.open(f"/tickets/{ticket.number}")
    sign_in(tab, maren)
    with page.expect_response(lambda answer: answer.url.endswith("/drafts")) as saving:
        page.get_by_label("Your message").press_sequentially(TEXT)
    assert saving.value.status == 409
    db.session.rollback()
    assert not db.session.scalars(select(Draft).where(Draft.user_id == maren.id)).all()
    world.note(ticket, "She is to be told nothing.")
    sign_in(tab, priya)
    expect(page.locator("#live-mark")).to_have_text("Live", timeout=30_000)
    expect(page.locator("#somebody-else")).to_have_count(0)
    assert "told nothing" not in page.content()
    page.get_by_role("button", name="Send").click()
    expect(page.locator("#timeline")).to_contain_text(TEXT)
    assert [comment.author_id for comment in comments(ticket) if not comment.internal] == [priya.id]


@pytest.mark.hardening("X-53")
@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
@pytest.mark.parametrize("files", [[], [FILE]], ids=["text", "file"])
def test_words_of_one_are_sent_as_the_others_only_when_that_is_meant(shared, world, newcomer, scripts, files):
    priya, maren = newcomer(name="Priya Nair"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(by=priya), shared(priya, java_script_enabled=scripts)
    page = tab.page
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").fill(TEXT)
    page.get_by_label("Files").set_input_files(files)
    becomes(tab, maren)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="You are now signed in as Maren Holt")).to_be_visible()
    assert not comments(ticket)
    expect(page.get_by_label("Message")).to_have_value(TEXT)
    if files:
        expect(page.get_by_text("The file cannot be kept; choose again: slip.txt")).to_be_visible()
        page.get_by_label("Files").set_input_files(files)
    page.get_by_role("button", name="Send as Maren Holt").click()
    expect(page.locator("#timeline")).to_contain_text(TEXT)
    (said,) = comments(ticket)
    assert (said.author_id, len(said.attachments)) == (maren.id, len(files))


@pytest.mark.parametrize("scripts", [True, False], ids=["scripts", "no scripts"])
def test_or_wait_as_a_draft_for_whoever_wrote_them(shared, world, newcomer, scripts):
    priya, maren = newcomer(name="Priya Nair"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(by=priya), shared(priya, java_script_enabled=scripts)
    page = tab.page
    page.goto(f"/tickets/{ticket.number}")
    page.get_by_label("Your message").fill(TEXT)
    becomes(tab, maren)
    page.get_by_role("button", name="Send", exact=True).click()
    expect(page.get_by_role("heading", name="You are now signed in as Maren Holt")).to_be_visible()
    sign_in_here(page, priya)
    expect(page.get_by_label("Your message")).to_have_value(TEXT)
    assert not comments(ticket)


def test_a_field_that_is_set_in_an_old_tab_stays_as_it_is(shared, world, newcomer):
    tom, maren = newcomer(Role.AGENT, "Tom Two"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(), shared(tom)
    page = tab.open(f"/tickets/{ticket.number}")
    becomes(tab, maren)
    page.get_by_label("Status", exact=True).select_option("Closed")
    expect(page.locator("#somebody-else")).to_contain_text("Maren Holt")
    db.session.rollback()
    assert db.session.get(Ticket, ticket.id).status == "open"
    page.get_by_role("link", name="Go on as Maren Holt").click()
    expect(page.get_by_role("button", name="Maren Holt: your account")).to_be_visible()
    expect(page.locator("#live-mark")).to_have_text("Live")
    page.get_by_label("Status", exact=True).select_option("Closed")
    expect(page.locator("#ticket-properties [data-status=closed]")).to_be_visible()


def test_the_sign_out_of_an_old_tab_asks_first(shared, newcomer):
    priya, maren = newcomer(name="Priya Nair"), newcomer(name="Maren Holt")
    tab = shared(priya)
    page = tab.open("/tickets")
    becomes(tab, maren)
    page.get_by_role("button", name="Priya Nair: your account").click()
    page.get_by_role("button", name="Sign out").click()
    page.get_by_role("button", name="Sign Maren Holt out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()


def test_a_form_that_came_live_says_for_whom_the_page_is(shared, world, newcomer):
    tom, other = newcomer(Role.AGENT, "Tom Two"), newcomer(Role.AGENT, "Maren Holt")
    ticket, tab = world.ticket(), shared(tom)
    page = tab.open(f"/tickets/{ticket.number}")
    tab.post(f"/tickets/{ticket.number}/status", value="waiting")
    expect(page.locator("#ticket-properties [data-status=waiting]")).to_be_visible()
    page.locator("#set-status").evaluate("select => { select.form.querySelector('[name=was]').value = 'open'; }")
    page.get_by_label("Status", exact=True).select_option("Closed")
    make = page.get_by_role("button", name="Make it “Closed”")
    expect(make).to_be_visible()
    becomes(tab, other)
    make.click()
    expect(page.get_by_role("button", name="Do it as Maren Holt")).to_be_visible()
    db.session.rollback()
    assert db.session.get(Ticket, ticket.id).status == "waiting"


@pytest.mark.parametrize("ends", ["another", "nobody"])
@pytest.mark.parametrize("form", ["a new ticket", "its text", "a message"])
def test_the_page_that_asks_takes_the_place_of_every_form(shared, world, newcomer, form, ends):
    priya, maren = newcomer(name="Priya Nair"), newcomer(name="Maren Holt")
    ticket, tab = world.ticket(by=priya), shared(priya)
    comment = world.comment(priya, ticket)
    address, label, button = {
        "a new ticket": ("/tickets/new", "What happens, and since when?", "Send"),
        "its text": (f"/tickets/{ticket.number}/edit", "Description", "Save"),
        "a message": (f"/comments/{comment.id}/edit", "Your message", "Save"),
    }[form]
    page = tab.page
    page.goto(address)
    if form == "a new ticket":
        page.get_by_label("In a few words").fill("My pay")
    page.get_by_label(label).fill(TEXT)
    if ends == "another":
        becomes(tab, maren)
    else:
        tab.context.clear_cookies()
    page.get_by_role("button", name=button, exact=True).click()
    heading = "You are now signed in as Maren Holt" if ends == "another" else "Sign in"
    expect(page.get_by_role("heading", name=heading)).to_be_in_viewport()
    sign_in_here(page, priya)
    expect(page.get_by_label(label)).to_have_value(TEXT)


def sign_in_here(page, user):
    """As whoever wrote what is on the page, which becomes a draft of theirs."""
    page.get_by_label("E-mail address").fill(user.email)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("main").get_by_role("button", name="Sign in", exact=True).click()
    expect(page.get_by_text("What you had typed is still here")).to_be_visible()
