"""Somebody answers by mail, and who looks at the ticket sees it at once; moved away, it is gone from there at once."""

from playwright.sync_api import expect

from informejo import db
from informejo.intake import inbound
from tests.intake.letters import PNG, letter, mailed


def test_an_answer_by_mail_is_on_the_open_page_and_goes_from_it_when_it_is_moved(world, browse):
    ticket, other = world.ticket(title="Answered by mail"), world.ticket(title="The one that was meant")
    said = world.comment(world.mia, ticket, "Which printer is it?")
    sent = mailed(world.ren, ticket, said)
    agent = browse(world.mia)
    page = agent.open(f"/tickets/{ticket.number}")
    inbound.store(
        letter(sender="ren@example.org", text="The one in the hall.", in_reply_to=sent.message_id), "standard input"
    )
    expect(page.locator("#timeline")).to_contain_text("The one in the hall.")
    tab = agent.new_tab("/mail/in")
    tab.get_by_role("link", name="The scanner does not scan").first.click()
    tab.get_by_label("Move it to the ticket with the number").fill(str(other.number))
    tab.get_by_role("button", name="Move", exact=True).click()
    expect(tab.get_by_text("The mail is moved.")).to_be_visible()
    expect(page.locator("#timeline")).not_to_contain_text("The one in the hall.")
    expect(page.locator("#timeline")).to_contain_text("took out a message that belongs elsewhere")
    tab.get_by_role("button", name=f"Move it back to #{ticket.number}").click()
    expect(page.locator("#timeline")).to_contain_text("The one in the hall.")


def test_a_picture_in_a_mail_is_shown_and_one_that_lies_elsewhere_is_not_asked_for(world, browse):
    html = '<p>See</p><img src="cid:shot.png" alt="shot"><img src="https://tracker.example/pixel.gif" alt="pixel">'
    raw = letter(pictures=(("shot.png", PNG),)).replace(b'<img src="cid:shot.png">', html.encode())
    mail = inbound.take(inbound.store(raw, "standard input"))
    db.session.refresh(mail)
    agent = browse(world.mia)
    asked = []
    agent.page.on("request", lambda request: asked.append(request.url))
    page = agent.open(f"/mail/in/{mail.id}")
    expect(page.get_by_role("img", name="shot")).to_be_visible()
    assert any(url.endswith(f"/mail/in/{mail.id}/parts/1") for url in asked)
    assert not any("tracker.example" in url for url in asked)
