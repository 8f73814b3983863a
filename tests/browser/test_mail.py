"""What pages show of mail, in two browsers: what becomes of a mail, who watches, and whom a message goes to."""

import pytest
from playwright.sync_api import expect
from sqlalchemy import select

from informejo import db, policy
from informejo.events.models import Audience
from informejo.mail.actions import watch
from informejo.mail.models import OutgoingMail
from informejo.mail.outgoing_actions import mark_failed
from informejo.mail.words import OutState
from informejo.tickets import change_actions
from tests.browser.test_every_page import problems
from tests.intake.standing import stand

pytestmark = [pytest.mark.browser, pytest.mark.server]


@pytest.fixture
def ticket(world):
    """Ren's, which Mia has."""
    ticket = world.ticket()
    change_actions.assign(world.mia, ticket, world.mia)
    db.commit()
    return ticket


@pytest.fixture
def at_ticket(browse, world, ticket):
    """`at_ticket("mia")` is that person's page of the ticket, live; `scripts=False` runs none."""

    def at_ticket(name, *, scripts=True, **options):
        person = browse(getattr(world, name), java_script_enabled=scripts, **options)
        person.forgives("status of 409")
        if scripts:
            return person.open(f"/tickets/{ticket.number}")
        person.page.goto(f"/tickets/{ticket.number}")
        return person.page

    return at_ticket


def test_what_becomes_of_a_mail_changes_under_its_message_on_every_page_of_the_staff(at_ticket, world, ticket):
    mia, tom, ren = at_ticket("mia"), at_ticket("tom"), at_ticket("ren")
    mia.get_by_label("Your message").fill("Which tray is it?")
    mia.get_by_role("button", name="Send").click()
    under = ".comment:has-text('Which tray') + .delivery"
    for page in (mia, tom):
        expect(page.locator(under)).to_contain_text("Waits to be mailed to Ren Ito: no mail server is set up")
    db.session.rollback()
    [said] = db.session.scalars(policy.comments_on(Audience.STAFF, [ticket.id]))
    mail = db.session.scalars(select(OutgoingMail).filter_by(comment=said, user=world.ren)).one()
    mark_failed(mail, "550 no such user")
    db.commit()
    for page in (mia, tom):
        expect(page.locator(under)).to_contain_text("Could not be mailed to Ren Ito: 550 no such user")
    tom.get_by_role("button", name="Send again to Ren Ito").click()
    for page in (mia, tom):
        expect(page.locator(under)).to_contain_text("Waits to be mailed to Ren Ito")
    assert tom.url == mia.url, "nobody is led away"
    expect(ren.get_by_text("Which tray is it?")).to_be_visible()
    assert ren.locator(".delivery").count() == 0


def test_who_watches_changes_on_the_pages_of_colleagues(at_ticket):
    mia, tom = at_ticket("mia"), at_ticket("tom")
    beside = "#ticket-watchers"
    mia.get_by_role("button", name="Watch this ticket").click()
    expect(tom.locator(f"{beside} li .watcher-name")).to_have_text(["Mia Lund"])
    expect(mia.get_by_role("button", name="Stop watching")).to_be_visible()
    expect(mia.get_by_role("button", name="Watch this ticket")).to_be_hidden()
    expect(tom.get_by_role("button", name="Watch this ticket")).to_be_visible()
    mia.get_by_text("Add a colleague").click()
    mia.get_by_label("A colleague who shall watch this ticket").select_option("Tom Berg")
    mia.get_by_role("button", name="Add", exact=True).click()
    expect(tom.get_by_role("button", name="Stop watching")).to_be_visible()
    tom.get_by_role("button", name="Remove Mia Lund").click()
    expect(mia.locator(f"{beside} li")).to_have_count(1)
    expect(mia.get_by_role("button", name="Watch this ticket")).to_be_visible()


def test_the_send_button_follows_and_whoever_has_not_begun_is_not_asked(at_ticket, world, ticket):
    mia = at_ticket("mia")
    send, text = mia.locator(".composer-reply"), mia.get_by_label("Your message")
    watch(world.tom, ticket, world.tom)
    db.commit()
    expect(send).to_have_text("Send to Ren Ito and Tom Berg")
    text.fill("For both of you.")
    send.click()
    expect(mia.locator("#timeline")).to_contain_text("For both of you.")
    expect(text).to_have_value("")


def test_what_was_begun_is_asked_about_and_nothing_of_it_is_lost(at_ticket, world, ticket):
    mia = at_ticket("mia")
    send, text = mia.locator(".composer-reply"), mia.get_by_label("Your message")
    text.fill("I began when nobody watched.")
    mia.get_by_label("Files").set_input_files({"name": "hum.txt", "mimeType": "text/plain", "buffer": b"hmmm"})
    watch(world.tom, ticket, world.tom)
    db.commit()
    expect(send).to_have_text("Send to Ren Ito and Tom Berg")
    send.click()
    expect(mia.locator(".composer-asks")).to_contain_text("Tom Berg, who watches it, would get this too.")
    expect(text).to_have_value("I began when nobody watched.")
    expect(mia.get_by_text("hum.txt")).to_be_visible()
    send.click()
    expect(mia.locator("#timeline")).to_contain_text("I began when nobody watched.")
    expect(mia.get_by_role("link", name="hum.txt")).to_be_visible()
    expect(mia.locator(".composer-asks")).to_have_count(0)


def test_whoever_takes_the_ticket_while_writing_knows_whom_that_changes(browse, world):
    ticket = world.ticket()
    mia = browse(world.mia).open(f"/tickets/{ticket.number}")
    send = mia.locator(".composer-reply")
    expect(send).to_have_text("Send to Ren Ito and Ana Silva")
    mia.get_by_label("Your message").fill("I take it.")
    mia.get_by_role("button", name="Claim").click()
    expect(send).to_have_text("Send to Ren Ito")
    send.click()
    expect(mia.locator("#timeline")).to_contain_text("I take it.")


def test_without_scripts_it_asks_too_and_watching_works(at_ticket, world, ticket):
    mia = at_ticket("mia", scripts=False)
    mia.get_by_role("button", name="Watch this ticket").click()
    expect(mia.get_by_role("button", name="Stop watching")).to_be_visible()
    mia.get_by_label("Your message").fill("Which tray is it?")
    watch(world.tom, ticket, world.tom)
    db.commit()
    mia.get_by_role("button", name="Send").click()
    expect(mia.locator(".composer-asks")).to_contain_text("Tom Berg, who watches it, would get this too.")
    expect(mia.get_by_label("Your message")).to_have_value("Which tray is it?")
    mia.get_by_role("button", name="Send").click()
    expect(mia.locator("#timeline")).to_contain_text("Which tray is it?")


def test_what_one_is_mailed_is_chosen_without_scripts(browse, world):
    person = browse(world.zoe, java_script_enabled=False)
    person.forgives("status of 422")
    page = person.page
    page.goto("/profile")
    page.get_by_role("link", name="Mail", exact=True).click()
    page.get_by_label("A ticket of yours was opened").uncheck()
    page.get_by_label("Once a day, at").check()
    page.get_by_label("Quiet hours begin").fill("22:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Write both times, or neither.").last).to_be_visible()
    expect(page.get_by_label("A ticket of yours was opened")).not_to_be_checked()
    page.get_by_label("Quiet hours end").fill("07:00")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("What you are mailed about is saved.")).to_be_visible()
    expect(page.get_by_label("Once a day, at")).to_be_checked()
    expect(page.get_by_label("Quiet hours begin")).to_have_value("22:00")


def test_what_did_not_arrive_can_be_read_by_everybody(at_ticket, world, ticket):
    said = [world.comment(world.mia, ticket, f"Answer {number}.") for number in range(3)]
    stand(said[0], world.ren, OutState.FAILED, error="550 no such user")
    stand(said[1], world.ren, OutState.BOUNCED, error="552 mailbox full")
    stand(said[2], world.ren, OutState.SENT)
    page = at_ticket("tom")
    expect(page.locator(".delivery")).to_have_count(3)
    assert problems(page) == []
