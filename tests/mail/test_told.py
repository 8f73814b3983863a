"""Who was told of what happened on a ticket, and what came in for it: for the staff."""

import pytest

from informejo import db
from informejo.mail import told_queries
from informejo.mail.actions import save_choices, watch
from informejo.mail.models import IncomingMail
from informejo.mail.words import InState, OutState
from tests.intake.standing import stand
from tests.live import dom
from tests.mail.deciding import catch_up


@pytest.fixture
def ticket(world):
    catch_up()
    return world.ticket()


@pytest.fixture
def page(world, visit, ticket):
    """`page()`: the page of a colleague."""
    return lambda query="": dom.read(visit(world.tom).get(f"/tickets/{ticket.id}/mail{query}").text).find("main")


def told(page: dom.Element) -> list[str]:
    lists = [item for item in page.all("ol") if item.attributes.get("class") == "told"]
    return [" ".join(item.text.split()) for item in lists[0].children] if lists else []


def test_each_event_has_who_was_told_and_why_and_what_became_of_it(world, ticket, page):
    watch(world.tom, ticket, world.tom)
    db.commit()
    said = world.comment(world.mia, ticket)
    stand(said, world.ren, OutState.FAILED, error="550 no such user")
    newest, *_, opened = told(page())
    assert newest.startswith("Mia Lund replied")
    assert "Ren Ito The mail could not be delivered: 550 no such user," in newest
    assert "It is their ticket." in newest
    assert "Tom Berg A mail waits to be sent. They watch the ticket." in newest
    assert opened.startswith("Ren Ito opened this ticket")
    assert "Ana Silva A mail waits to be sent. They want to hear of new tickets" in opened


def test_what_waits_for_its_time_says_which_and_when(world, ticket, page):
    save_choices(world.ren, pace="bundled")
    db.commit()
    world.comment(world.mia, ticket)
    catch_up()
    assert "Waits to be mailed: bundle at 20" in told(page())[0]
    assert "or for the end of quiet hours" not in told(page())[0]


def test_what_concerns_nobody_is_left_out_and_the_rest_is_paged(world, ticket, page, monkeypatch):
    monkeypatch.setattr(told_queries, "PAGE", 2)
    for number in range(2):
        world.comment(world.mia, ticket, f"Number {number}.")
        watch(world.tom, ticket, world.tom)  # one's own doing is told to nobody
    db.commit()
    catch_up()
    assert [line.partition(" ")[0] for line in told(page())] == ["Mia", "Mia"]
    assert told(page("?page=2"))[0].startswith("Ren Ito opened this ticket")


def test_mails_that_came_in_stand_below(world, ticket, page):
    assert "None." in page().text
    about = {
        "mailbox": "help@example.org",
        "size": 9,
        "sender": "ren@example.org",
        "person": world.ren,
        "ticket": ticket,
    }
    why = "It answers our mail."
    mail = IncomingMail(stored_name="a", subject="Re: printer", state=InState.REPLY, reason=why, **about)
    db.session.add(mail)
    db.commit()
    below = page().text
    for words in ("Re: printer", "ren@example.org", "Reply", why):
        assert words in below
    assert [link["href"] for link in page().all("a") if link.text == "Re: printer"] == [f"/mail/in/{mail.id}"]


def test_the_ticket_leads_there_for_the_staff_and_to_the_requester_there_is_nothing(world, visit, ticket):
    address = f"/tickets/{ticket.id}/mail"
    assert address in visit(world.mia).get(f"/tickets/{ticket.id}").text
    assert address not in visit(world.ren).get(f"/tickets/{ticket.id}").text
    answers = [visit(user).get(address).status_code for user in (world.mia, world.ren, world.zoe)]
    assert answers == [200, 404, 404]


def test_before_anything_is_decided_it_says_so(world, visit):
    ticket = world.ticket()
    text = visit(world.mia).get(f"/tickets/{ticket.id}/mail").text
    assert "Nothing has been decided about mails of this ticket." in text
